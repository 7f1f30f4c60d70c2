"""Two kinds of images, each in an order of its own: from arrays, folders, TFDS and the emoji."""

import hashlib
import itertools

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

import kgan.data
from kgan.data.paired import TWITTER, read_emoji
from kgan.errors import UsageError


def made(count, start):
    """Image i has the value start + i everywhere."""
    values = np.arange(start, start + count)[:, None, None, None]
    return np.broadcast_to(values, (count, 4, 4, 3)).astype("uint8")


SOURCES, TARGETS = made(9, 0), made(22, 100)


class KganZebras(tfds.core.GeneratorBasedBuilder):
    """Splits named as those of TFDS's cycle_gan sets."""

    VERSION = tfds.core.Version("1.0.0")
    SPLITS = {"trainA": (6, 0), "trainB": (5, 100), "testA": (2, 10), "testB": (3, 110)}

    def _info(self):
        label = tfds.features.ClassLabel(names=["A", "B"])
        image = tfds.features.Image(shape=(4, 4, 3))
        features = tfds.features.FeaturesDict({"image": image, "label": label})
        return self.dataset_info_from_configs(features=features)

    def _split_generators(self, dl_manager):
        return {name: self._generate_examples(*part) for name, part in self.SPLITS.items()}

    def _generate_examples(self, count, start):
        for index, image in enumerate(made(count, start)):
            yield index, {"image": image, "label": int(start >= 100)}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KGAN_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))


def numbers(dataset, batches=None):
    """The values of the images of both sides, batch by batch."""
    return [
        [np.rint(part[:, 0, 0, 0] * 127.5 + 127.5).astype(int).tolist() for part in batch]
        for batch in dataset.take(batches or -1).as_numpy_iterator()
    ]


def sides(batches):
    """The values of all batches of each side."""
    return [list(itertools.chain(*side)) for side in zip(*batches, strict=True)]


def held(dataset):
    """The values that come in one epoch of each side."""
    return [sorted(set(side)) for side in sides(numbers(dataset))]


def test_an_epoch_is_a_pass_over_the_larger_side():
    dataset = kgan.data.unpaired(SOURCES, TARGETS, batch_size=4, seed=7)
    assert dataset.steps_per_epoch == 5 and dataset.num_images == 9 and not dataset.paired
    sources, targets = sides(numbers(dataset))
    assert len(set(targets)) == 20
    # Nine sources twice, and two of the third pass.
    assert [sorted(part) for part in (sources[:9], sources[9:18])] == [list(range(9))] * 2
    assert sources[:9] != sources[9:18]


def test_each_side_has_an_order_of_its_own():
    """So that the batches of equally many images do not belong together."""
    dataset = kgan.data.unpaired(made(22, 0), TARGETS, batch_size=11, seed=7)
    for epoch in range(3):
        sources, targets = sides(numbers(dataset.from_step(2 * epoch), 2))
        assert sources == np.random.default_rng((7, epoch)).permutation(22).tolist()
        assert sorted(targets) == list(range(100, 122))
        assert np.mean(np.add(sources, 100) == targets) < 1 / 3


def test_from_any_step_the_batches_are_those_that_would_have_come():
    dataset = kgan.data.unpaired(SOURCES, TARGETS, batch_size=4, seed=7)
    whole = numbers(dataset.from_step(0), 17)
    assert numbers(dataset) == whole[:5] != whole[5:10]
    for step in (1, 5, 13):
        assert numbers(dataset.from_step(step), 17 - step) == whole[step:]
    assert numbers(kgan.data.unpaired(SOURCES, TARGETS, batch_size=4, seed=8)) != whole[:5]


def test_the_fingerprint_is_of_both():
    def digest(sources, targets):
        return kgan.data.unpaired(sources, targets, batch_size=4).config["sha256"]

    assert digest(SOURCES, TARGETS) == digest(SOURCES.copy(), TARGETS.copy())
    others = [(SOURCES, TARGETS[::-1]), (SOURCES[::-1], TARGETS), (TARGETS, SOURCES)]
    assert len({digest(*given) for given in [(SOURCES, TARGETS), *others]}) == 4
    config = kgan.data.unpaired(SOURCES, TARGETS, batch_size=4).config
    assert config["counts"] == [9, 22] and config["shapes"] == [[4, 4, 3]] * 2


def test_each_side_is_mirrored_and_moved_by_itself():
    images = np.random.RandomState(0).randint(0, 256, (8, 6, 5, 3)).astype("uint8")
    plain, changed = (
        kgan.data.unpaired(images, images, batch_size=8, mirror=mirror, jitter=jitter)
        for mirror, jitter in ((False, 0), (True, 1))
    )
    found = []
    for still, moved in zip(next(iter(plain)), next(iter(changed)), strict=True):
        for image, result in zip(still.numpy(), moved.numpy(), strict=True):
            candidates = [
                (flip, down, right)
                for flip in (False, True)
                for down in range(3)
                for right in range(3)
                if np.array_equal(
                    np.pad(image[:, ::-1] if flip else image, ((1, 1), (1, 1), (0, 0)), "edge")[
                        down : down + 6, right : right + 5
                    ],
                    result,
                )
            ]
            found += candidates
    assert len(found) == 16 and found[:8] != found[8:]
    again = [side.numpy() for side in next(iter(changed))]
    np.testing.assert_array_equal(again, [side.numpy() for side in next(iter(changed))])


def folder(path, images):
    path.mkdir(parents=True)
    for number, image in enumerate(images):
        Image.fromarray(image).save(path / f"{number}.png")
    return path


def test_two_folders_of_any_numbers_of_files(tmp_path):
    one, two = folder(tmp_path / "one", SOURCES[:3]), folder(tmp_path / "two", TARGETS[:5])
    dataset = kgan.data.unpaired(one, str(two), batch_size=1)
    assert held(dataset) == [[0, 1, 2], [100, 101, 102, 103, 104]]
    assert dataset.config["source"] == f"{one} and {two}"
    beside_arrays = kgan.data.unpaired(one, TARGETS, batch_size=1)
    assert held(beside_arrays)[0] == [0, 1, 2]


def test_the_subfolders_of_the_papers_data(tmp_path):
    for name, images in {"trainA": SOURCES, "trainB": TARGETS, "testA": TARGETS[:2]}.items():
        folder(tmp_path / "horses" / name, images)
    dataset = kgan.data.unpaired(tmp_path / "horses", batch_size=9, channels=1, resolution=8)
    assert dataset.config["counts"] == [9, 22] and dataset.image_shapes == [(8, 8, 1)] * 2
    with pytest.raises(UsageError, match="holds testA and testB, .* found testA, trainA, trainB"):
        kgan.data.unpaired(tmp_path / "horses", split="test", batch_size=1)


def test_the_splits_of_a_tfds_set():
    train = kgan.data.unpaired("kgan_zebras", batch_size=1)
    assert held(train) == [[0, 1, 2, 3, 4, 5], [100, 101, 102, 103, 104]]
    test = kgan.data.unpaired("tfds:kgan_zebras", split="test", batch_size=1)
    assert held(test) == [[10, 11], [110, 111, 112]] and test.config["split"] == "test"
    sliced = kgan.data.unpaired("kgan_zebras", split="train[:50%]", batch_size=1)
    assert sliced.config["counts"] == [3, 2]
    with pytest.raises(UsageError, match=r"splits validA and validB.*split='validA' is unknown"):
        kgan.data.unpaired("kgan_zebras", split="valid", batch_size=1)


def test_no_emoji_to_train_on_is_both_source_and_target():
    """Its first code point decides; the held-out ones are those of `pairs`."""
    with np.load(TWITTER) as file:
        firsts = [str(codepoint).split("-")[0] for codepoint in file["codepoint"]]
    digests = np.array([list(hashlib.sha256(first.encode()).digest()) for first in firsts])
    train = kgan.data.unpaired("emoji", batch_size=16)
    test = kgan.data.unpaired("emoji", split="test", batch_size=16)
    drawn = read_emoji()[:2]
    for parity, (images, found) in enumerate(zip(drawn, train._parts, strict=True)):
        chosen = (digests[:, 0] >= 26) & (digests[:, 1] % 2 == parity)
        np.testing.assert_array_equal(found, images[chosen])
    assert train.config["counts"] == [790, 943] and test.config["counts"] == [178, 178]
    held_out = kgan.data.pairs("emoji", split="test", batch_size=16)
    for ours, theirs in zip(test._parts, held_out._parts, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("arguments", "message", "argument"),
    [
        ((SOURCES,), "targets must be given", "targets"),
        ((SOURCES, TARGETS[..., :1]), "the channels of sources; received 1 for 3", "targets"),
        ((SOURCES, TARGETS[:, :2]), "height and width of sources; received 4x2 for 4x4", "targets"),
        ((SOURCES, TARGETS.astype(int)), "targets must be uint8", "targets"),
        ((SOURCES, "emoji"), "targets must be an array of images, or a folder", "targets"),
        (((SOURCES, TARGETS), TARGETS), "sources must be an array.*received tuple", "sources"),
        (("fashion_mnist",), "sources must be 'emoji'", "sources"),
        (("./none",), "holds trainA and trainB, .* found no such folder", "sources"),
        (("kgan_zebra",), "sources='kgan_zebra' is unknown", "sources"),
    ],
)
def test_what_are_no_two_kinds_of_images_is_refused(arguments, message, argument):
    with pytest.raises(UsageError, match=message) as raised:
        kgan.data.unpaired(*arguments, batch_size=1)
    assert raised.value.argument == argument


def test_a_folder_without_images_is_named(tmp_path):
    one = folder(tmp_path / "one", SOURCES)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="targets='.*empty' must hold image files") as raised:
        kgan.data.unpaired(one, tmp_path / "empty", batch_size=1)
    assert raised.value.argument == "targets"


def test_a_broken_image_is_named_and_skipped_unless_strict(tmp_path):
    one = folder(tmp_path / "one", SOURCES)
    (one / "broken.png").write_bytes(b"no image")
    with pytest.warns(UserWarning, match=r"broken\.png"):
        assert kgan.data.unpaired(one, TARGETS, batch_size=1).num_images == 9
    with pytest.raises(
        UsageError, match=r"sources='.*one. holds 1 image that cannot be decoded: broken\.png"
    ):
        kgan.data.unpaired(one, TARGETS, batch_size=1, strict=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "test"}, "split.*train"),
        ({"batch_size": 10}, "batch_size=10 must not exceed the 9 images of a side"),
        ({"mirror": "yes"}, "mirror must be True or False"),
        ({"jitter": -1}, "jitter must be an integer of at least 0"),
        ({"strict": 1}, "strict must be True or False"),
        ({"channels": 5}, "channels must be an integer, 1 to 4"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        kgan.data.unpaired(SOURCES, TARGETS, **{"batch_size": 1} | options)
