import subprocess
import sys

import pytest

from kgan.errors import UsageError
from kgan.metrics import extractors, judge
from kgan.metrics.extractors import efficientnet, inception
from kgan.zoo import registry


def test_every_packaged_judge_has_a_name():
    judges = tuple(registry.list_judges())
    assert ("inception", "efficientnet_lite0", *judges) == extractors.NAMES


@pytest.mark.parametrize("name", extractors.NAMES[1:])
def test_a_name_stands_for_its_extractor(name):
    extractor = extractors.get(name)
    assert isinstance(extractor, extractors.Extractor) and extractor.name == name
    assert not extractor.canonical


def test_what_the_names_load():
    assert extractors.get("efficientnet_lite0").sha256 == efficientnet.SHA256
    assert isinstance(extractors.get("judge_fashion_mnist"), judge.Judge)


def test_inception_needs_its_weights(monkeypatch, tmp_path, server):
    """A server without the file stands for the one that has it."""
    _, address = server
    monkeypatch.setenv("KGAN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(inception, "URL", f"{address}/w.pth")
    with pytest.raises(OSError, match=rf"{address}/w.pth cannot be fetched .*weights=PATH"):
        extractors.get("inception")


def test_an_extractor_stays_itself():
    extractor = extractors.Extractor("own", lambda images: images)
    assert extractors.get(extractor) is extractor


def test_what_is_no_extractor():
    with pytest.raises(UsageError, match=r"extractor='inceptoin' is unknown.*mean 'inception'"):
        extractors.get("inceptoin")
    for thing in (None, 3, judge.Judge, ["inception"]):
        with pytest.raises(UsageError, match=r"extractor must be a short name \(inception, "):
            extractors.get(thing)


def test_the_names_are_known_without_tensorflow():
    code = (
        "import sys; from kgan.metrics import extractors\n"
        "assert len(extractors.NAMES) > 2 and extractors.get.__doc__\n"
        "assert not {'tensorflow', 'keras', 'torch', 'kgan.zoo'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
