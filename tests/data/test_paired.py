"""Pairs stay pairs: from arrays, folders and halves of files, in any order, mirrored and moved."""

import hashlib

import numpy as np
import pytest
from PIL import Image

import kgan.data
from kgan.data.paired import TWITTER
from kgan.data.source import PACKAGED, read_packaged
from kgan.errors import UsageError

# Image i has the value i everywhere; its target 100 more.
PIXELS = np.broadcast_to(np.arange(22)[:, None, None, None], (22, 4, 4, 3)).astype("uint8")
TARGETS = PIXELS[..., :1] + 100


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KGAN_HOME", str(tmp_path / "cache"))


def numbers(dataset, batches=None):
    """The values of both images of each pair, batch by batch."""
    return [
        [np.rint(part[:, 0, 0, 0] * 127.5 + 127.5).astype(int).tolist() for part in batch]
        for batch in dataset.take(batches or -1).as_numpy_iterator()
    ]


def test_arrays_stay_beside_each_other_from_any_step_on():
    dataset = kgan.data.pairs(PIXELS, TARGETS, batch_size=4, seed=7)
    whole = numbers(dataset.from_step(0), 12)
    assert numbers(dataset) == whole[:5] and numbers(dataset.from_step(7), 5) == whole[7:]
    for sources, targets in whole:
        assert [source + 100 for source in sources] == targets
    expected = np.random.default_rng((7, 0)).permutation(22)[:20]
    assert [one for sources, _ in whole[:5] for one in sources] == expected.tolist()
    assert dataset.image_shapes == [(4, 4, 3), (4, 4, 1)]
    assert [tuple(spec.shape) for spec in dataset.element_spec] == [(4, 4, 4, 3), (4, 4, 4, 1)]


def test_the_fingerprint_is_of_both():
    def digest(sources, targets):
        return kgan.data.pairs(sources, targets, batch_size=4).config["sha256"]

    assert digest(PIXELS, TARGETS) == digest(PIXELS.copy(), TARGETS.copy())
    others = [(PIXELS, TARGETS[::-1]), (PIXELS[::-1], TARGETS), (TARGETS, PIXELS)]
    assert len({digest(*pair) for pair in [(PIXELS, TARGETS), *others]}) == 4


def test_both_are_mirrored_and_moved_alike_and_the_same_in_every_run():
    images = np.random.RandomState(0).randint(0, 256, (16, 6, 5, 3)).astype("uint8")
    dataset = kgan.data.pairs(images, 255 - images, batch_size=8, mirror=True, jitter=1)
    plain = kgan.data.pairs(images, 255 - images, batch_size=8)
    batches = list(dataset.from_step(0).take(4).as_numpy_iterator())
    for sources, targets in batches:
        np.testing.assert_allclose(sources, -targets, atol=1e-6)
    seen = set()
    for (sources, _), (still, _) in zip(batches, plain.from_step(0).take(4), strict=True):
        for changed, image in zip(sources, still.numpy(), strict=True):
            padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
            mirrored = np.pad(image[:, ::-1], ((1, 1), (1, 1), (0, 0)), mode="edge")
            (found,) = [
                (flip, down, right)
                for flip, whole in enumerate((padded, mirrored))
                for down in range(3)
                for right in range(3)
                if np.array_equal(whole[down : down + 6, right : right + 5], changed)
            ]
            seen.add(found)
    assert len(seen) > 10
    again = list(dataset.from_step(2).take(2).as_numpy_iterator())
    np.testing.assert_array_equal(batches[2:], again)


def test_larger_targets_are_mirrored_and_moved_with_their_sources():
    images = np.random.RandomState(0).randint(0, 256, (16, 6, 5, 1)).astype("uint8")
    large = images.repeat(3, axis=1).repeat(3, axis=2)
    data = kgan.data.pairs(images, large, batch_size=8, mirror=True, jitter=2)
    assert data.image_shapes == [(6, 5, 1), (18, 15, 1)]
    for sources, targets in data.from_step(0).take(4).as_numpy_iterator():
        np.testing.assert_array_equal(sources.repeat(3, axis=1).repeat(3, axis=2), targets)


def folder(path, images, names):
    path.mkdir()
    for image, name in zip(images, names, strict=True):
        Image.fromarray(image).save(path / name)
    return path


def test_two_folders_by_the_names_of_their_files(tmp_path):
    names = [f"{number}.png" for number in (1, 10, 2)]
    one = folder(tmp_path / "one", PIXELS[:3], names)
    # Another suffix, another order in the listing.
    two = folder(tmp_path / "two", PIXELS[[2, 0, 1]] + 100, ["2.bmp", "1.bmp", "10.bmp"])
    dataset = kgan.data.pairs(one, str(two), batch_size=3, channels=3)
    ((sources, targets),) = numbers(dataset)
    assert sorted(sources) == [0, 1, 2] and [each + 100 for each in sources] == targets
    assert dataset.config["source"] == f"{one} and {two}"


def test_the_halves_of_the_files_of_one_folder(tmp_path):
    both = np.concatenate([PIXELS[:3], PIXELS[:3] + 100], axis=2)
    where = folder(tmp_path / "both", both, ["a.png", "b.png", "c.png"])
    for resolution, size in ((None, 4), (8, 8)):
        dataset = kgan.data.pairs(where, batch_size=3, resolution=resolution)
        assert dataset.image_shapes == [(size, size, 3)] * 2
        ((sources, targets),) = numbers(dataset)
        assert sorted(sources) == [0, 1, 2] and [each + 100 for each in sources] == targets


def test_a_file_of_odd_width_has_no_halves(tmp_path):
    where = folder(tmp_path / "both", [np.zeros((4, 7, 3), "uint8")], ["a.png"])
    with pytest.raises(UsageError, match=r"a\.png.*multiple of 2, it has 7 pixels"):
        kgan.data.pairs(where, batch_size=1)


def test_files_without_counterpart_are_listed(tmp_path):
    one = folder(tmp_path / "one", PIXELS[:3], ["a.png", "b.png", "c.png"])
    two = folder(tmp_path / "two", PIXELS[:2], ["a.png", "d.png"])
    with pytest.raises(
        UsageError, match="sources must .*alone in sources: b, c; alone in targets: d"
    ):
        kgan.data.pairs(one, two, batch_size=1)
    three = folder(tmp_path / "three", PIXELS[:4], ["a.png", "b.jpg", "c.png", "d.png"])
    with pytest.raises(UsageError, match="targets must .*received alone in targets: d"):
        kgan.data.pairs(one, three, batch_size=1)
    (three / "d.png").rename(three / "b.png")
    with pytest.raises(UsageError, match="targets must .*received twice in targets: b"):
        kgan.data.pairs(one, three, batch_size=1)


def test_errors_name_the_argument_that_is_wrong(tmp_path):
    one, odd = tmp_path / "one", tmp_path / "odd"
    for folder, width in ((one, 4), (odd, 5)):
        folder.mkdir()
        Image.fromarray(PIXELS[0].repeat(2, 1)[:, :width]).save(folder / "0.png")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "0.png").write_bytes(b"broken")
    for arguments, name in [
        ((one, tmp_path / "missing"), "targets"),
        ((tmp_path / "missing", one), "sources"),
        ((one, broken), "targets"),
        ((odd,), "sources"),
        ((one, odd), "targets"),
        ((PIXELS, TARGETS[0]), "targets"),
        ((PIXELS, TARGETS.astype(int)), "targets"),
        ((PIXELS / 1.0, TARGETS), "sources"),
    ]:
        with pytest.raises(UsageError, match=f"^{name}") as caught:
            kgan.data.pairs(*arguments, batch_size=1)
        assert caught.value.argument == name


def test_the_packaged_emoji_are_split_by_code_point():
    train, test = (
        kgan.data.pairs("emoji", split=split, batch_size=16, channels=3)
        for split in ("train", "test")
    )
    assert (train.num_images, test.num_images) == (1733, 178)
    assert train.image_shapes == [(64, 64, 3)] * 2
    google = kgan.data.load("emoji", channels=3).images
    known = {image.tobytes() for image in google}
    assert {image.tobytes() for image in test.images} <= known
    sources, targets = next(test.as_numpy_iterator())
    assert 0.1 < np.abs(sources - targets).mean() < 0.6


@pytest.mark.slow
def test_the_packaged_3d_emoji_belong_to_the_drawings_of_their_code_points():
    with np.load(PACKAGED["emoji_3d"]) as solid, np.load(TWITTER) as flat:
        codepoints, known = list(solid["codepoint"]), list(flat["codepoint"])
    assert len(set(codepoints)) == 1852
    google = read_packaged(PACKAGED["emoji"], "image")[0]
    (solid,) = read_packaged(PACKAGED["emoji_3d"], "image")
    train, test = (kgan.data.pairs("emoji_3d", split=split)._source for split in ("train", "test"))
    assert (len(train.images), len(test.images)) == (1681, 171)
    places = {"train": 0, "test": 0}
    for number, codepoint in enumerate(codepoints):
        digest = hashlib.sha256(codepoint.split("-")[0].encode()).digest()
        split = "test" if digest[0] < 26 else "train"
        place, source = places[split], test if split == "test" else train
        np.testing.assert_array_equal(source.others[0][place], solid[number])
        if number % 100 == 0:
            drawn = Image.fromarray(google[known.index(codepoint)])
            enlarged = drawn.resize((128, 128), Image.Resampling.LANCZOS)
            np.testing.assert_array_equal(source.images[place], enlarged)
        places[split] += 1
    assert places == {"train": 1681, "test": 171}


@pytest.mark.slow
def test_3d_emoji_on_white_at_another_resolution():
    data = kgan.data.pairs("emoji_3d", split="test", resolution=64, channels=3, batch_size=171)
    sources, targets = next(data.as_numpy_iterator())
    assert sources.shape == targets.shape == (171, 64, 64, 3)
    flat = kgan.data.pairs("emoji", split="test", channels=3, batch_size=1).images
    known = {image.tobytes() for image in flat}
    assert {image.tobytes() for image in sources} <= known  # those of 64x64 as they are
    assert 0.1 < np.abs(sources - targets).mean() < 0.6
    assert (targets[:, 0, 0] > 0.9).mean() > 0.9  # white corners


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((PIXELS, TARGETS[:20]), "targets must hold one image per source.*20 for 22"),
        ((PIXELS, TARGETS[:, :2]), "or a multiple of both; received 4x2 for 4x4"),
        ((PIXELS[:, :2], TARGETS), "or a multiple of both; received 4x4 for 4x2"),
        ((PIXELS,), "targets must be an array of images"),
        ((PIXELS, "folder"), "targets must be an array of images.*received str"),
        (((PIXELS, TARGETS),), "sources must be an array of images.*received tuple"),
        (("emoji", PIXELS), "'emoji' or 'emoji_3d' alone"),
        (("fashion_mnist",), "'emoji' or 'emoji_3d' alone"),
        (("no/such/folder",), "must be a folder of images; found nothing there"),
    ],
)
def test_what_is_no_pair_is_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        kgan.data.pairs(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "test"}, "split.*train"),
        ({"batch_size": 23}, "batch_size=23 must not exceed the 22 pairs"),
        ({"mirror": "yes"}, "mirror must be True or False"),
        ({"jitter": -1}, "jitter must be an integer of at least 0"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        kgan.data.pairs(PIXELS, TARGETS, **options)


def test_damaged_packaged_pairs_are_named(tmp_path, monkeypatch):
    (tmp_path / "twitter.npz").write_bytes(b"PK damaged")
    monkeypatch.setattr("kgan.data.paired.TWITTER", tmp_path / "twitter.npz")
    with pytest.raises(OSError, match="twitter.npz is damaged .* install kgan again"):
        kgan.data.pairs("emoji")
