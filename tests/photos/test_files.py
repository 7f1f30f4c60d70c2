"""Files and folders in Python; the commands are in test_commands.py."""

import errno
import os

import numpy as np
import pytest
from PIL import Image

from kgan.errors import UsageError
from kgan.photos import Report, process_files, saving


@pytest.fixture
def photos(folder, photograph):
    for name in ("in/a.png", "in/deep/b.jpg", "in/c.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photograph(6, 8)).save(folder / name)
    return folder / "in"


def test_the_report_of_all_that_was_done(folder, photos, network):
    calls = []
    report = process_files(
        *(network("upscaler"), [photos], folder / "out"),
        tile=4,
        progress=lambda *numbers: calls.append(numbers),
    )
    assert report == Report(done=["a.png", "c.png", "deep/b.png"])
    assert {path.name for path in (folder / "out").rglob("*.png")} == {"a.png", "b.png", "c.png"}
    assert calls[0] == (0, 3, 0, 0) and calls[-1] == (2, 3, 4, 4)
    assert [call[0] for call in calls] == sorted(call[0] for call in calls)


def test_what_failed_and_what_was_changed_is_in_the_report(folder, photos, network):
    (photos / "b.png").write_bytes(b"no image")
    Image.fromarray(np.full((6, 8), 40_000, np.uint16)).save(photos / "deep.png")
    report = process_files(network("negative"), ["in"], "out", format="jpg")
    assert report.done == ["a.jpg", "c.jpg", "deep/b.jpg", "deep.jpg"]
    (failed,) = report.failed.items()
    assert failed[0] == photos.relative_to(folder) / "b.png"
    assert failed[1].startswith("cannot be decoded (")
    assert list(report.notes.values()) == ["of 16 bits the upper eight are kept"]
    assert report.stopped is None and report.left == []


def test_a_full_disk_is_in_the_report(folder, photos, network, monkeypatch):
    write = saving.atomic_write

    def full(path):
        if path.name == "c.png":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path)

    monkeypatch.setattr(saving, "atomic_write", full)
    report = process_files(network("upscaler"), [photos], "out")
    assert report.done == ["a.png"] and report.stopped.errno == errno.ENOSPC
    assert report.left == [photos / "c.png", photos / "deep" / "b.jpg"]


def test_too_little_memory_skips_a_file(folder, photos, network):
    found, run = network("upscaler"), []

    def once(batch):
        run.append(batch)
        if len(run) == 1:
            raise MemoryError
        return batch["image"].repeat(2, 1).repeat(2, 2)

    found.run = once
    report = process_files(found, [photos], "out")
    assert report.failed == {photos / "a.png": "there is not enough memory; try a smaller tile"}
    assert report.done == ["c.png", "deep/b.png"]


def test_masks_of_one_file_or_of_a_folder(folder, photos, network):
    mask = Image.fromarray(np.full((6, 8), 255, np.uint8))
    (folder / "masks" / "deep").mkdir(parents=True)
    for name in ("a.png", "c.bmp", "deep/b.png"):
        mask.save(folder / "masks" / name)
    for masks in ("masks", "masks/a.png"):
        out = f"out_{len(masks)}"
        report = process_files(network("painter"), [photos], out, masks=masks)
        assert len(report.done) == 3
        assert (np.asarray(Image.open(folder / out / "a.png")) == 191).all()


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("painter", {}, "mask must be given"),
        ("upscaler", {"format": "gif"}, "format='gif' is unknown"),
        ("upscaler", {"tile": 0}, "tile must be an integer of at least 1"),
        ("painter", {"masks": "nowhere"}, "mask='nowhere' does not exist"),
    ],
)
def test_wrong_arguments_leave_nothing(folder, photos, network, kind, arguments, message):
    with pytest.raises(UsageError, match=message):
        process_files(network(kind), [photos], "out", **arguments)
    assert not (folder / "out").exists()
