import json

import pytest

from kgan import zoo
from kgan.zoo import registry

LONG = "dcgan_of_a_data_set_with_a_very_long_name_256x256"


@pytest.fixture(autouse=True)
def _zoo(folder, monkeypatch):
    """A zoo with one preset, one recipe and one judge."""
    preset = folder / "presets" / LONG
    preset.mkdir(parents=True)
    (preset / "README.md").write_text(f"# {LONG}\n\nGarments of\n28x28.\n\n![](samples.png)\n")
    (preset / "metadata.json").write_text(
        json.dumps({"parameter_count": {"generator": 558_337, "discriminator": 1}})
    )
    judge = folder / "presets" / "judge_x"
    judge.mkdir()
    (judge / "README.md").write_text("# judge_x\n\nJudge of x.\n\nIt generates nothing.\n")
    (judge / "metadata.json").write_text(json.dumps({"parameter_count": {"classifier": 1_234}}))
    (folder / "tiny.py").write_text('"""Noise for a DCGAN.\n\nMore of it."""\nraise SystemExit(9)')
    monkeypatch.setattr(zoo, "list_presets", lambda: [LONG])
    monkeypatch.setattr(zoo, "list_recipes", lambda: ["tiny"])
    monkeypatch.setattr(zoo, "list_judges", lambda: ["judge_x"])
    monkeypatch.setattr(registry, "PRESETS", folder / "presets")
    monkeypatch.setattr(registry, "FOLDER", folder)


@pytest.mark.parametrize("columns", ["20", "80", "200"])
def test_piped_it_is_a_line_each_at_any_width(kgan, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    header, *lines = kgan("zoo", "list").stdout.splitlines()
    assert header.split() == ["name", "kind", "what", "it", "is"]
    assert [" ".join(line.split()) for line in lines] == [
        f"{LONG} preset Garments of 28x28. 558,337 parameters.",
        "tiny recipe Noise for a DCGAN.",
        "judge_x judge Judge of x. 1,234 parameters.",
    ]


@pytest.mark.parametrize("columns", ["20", "60", "100", "200"])
def test_a_terminal_never_cuts_a_name(kgan, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    output = kgan("zoo", "list").stdout
    assert LONG in output
    assert "558,337" in output
    assert "…" not in output


def test_an_empty_zoo(kgan, monkeypatch):
    monkeypatch.setattr(zoo, "list_presets", list)
    monkeypatch.setattr(zoo, "list_recipes", list)
    monkeypatch.setattr(zoo, "list_judges", list)
    assert kgan("zoo", "list").exit_code == 0
