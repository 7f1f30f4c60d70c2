"""Files of photographs through a network; each result is whole or absent."""

from __future__ import annotations

import contextlib
import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kgan.errors import UsageError
from kgan.photos.folders import Job, jobs
from kgan.photos.masks import check_mask, read_mask
from kgan.photos.network import Network
from kgan.photos.picture import Picture, read
from kgan.photos.processing import process
from kgan.photos.saving import check_format, check_result, save
from kgan.photos.tiles import tiling

LARGE = 2**22  # pixels of an image that a network must see as a whole


@dataclasses.dataclass
class Report:
    """What became of the files.

    Attributes:
        done: the names of the results, within their folder.
        failed: files that were skipped, and why.
        notes: files of which something was changed on reading, and what.
        left: files that were not reached.
        stopped: what ended the work early, mostly a full disk.

    Example:
        >>> network = kgan.photos.load("pix2pix_emoji")
        >>> kgan.photos.process_files(network, ["photos"], "drawn").failed
        {}
    """

    done: list[str] = dataclasses.field(default_factory=list)
    failed: dict[Path, str] = dataclasses.field(default_factory=dict)
    notes: dict[Path, str] = dataclasses.field(default_factory=dict)
    left: list[Path] = dataclasses.field(default_factory=list)
    stopped: OSError | None = None


Progress = Callable[[int, int, int, int], None]


def process_files(
    network: Network,
    inputs: Sequence[str | Path],
    out: str | Path,
    *,
    masks: str | Path | None = None,
    format: str = "png",
    seed: int = 0,
    tile: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Process image files and folders of them into a new folder, and report what became of them.

    Results keep name and, within a folder, subfolder. A file that cannot be read or processed is
    skipped. If a result cannot be written, as on a full disk, the work ends: the results so far
    stay, and each is whole.

    Args:
        network: from `kgan.photos.load`.
        inputs: image files and folders of them.
        out: a new or empty folder.
        masks: for "inpaint": a mask for all, or a folder with one of the same name for each.
        format: "png", "jpg", "webp" or "tif".
        seed: of the latent, for networks that take one; the same for all files.
        tile: as for `process`.
        progress: called with the files done, their number, and the same of the tiles of one.

    Example:
        >>> network = kgan.photos.load("pix2pix_emoji")
        >>> len(kgan.photos.process_files(network, ["photos"], "drawn", format="jpg").done)
        64

    Raises:
        UsageError: as for `jobs`, or `tile` for a network that must see the whole image.
        OSError: `out` cannot be made.
    """
    if masks is None and network.mask is not None:
        raise UsageError(
            f"mask must be given: {network.name} makes the pixels that it shows.", "mask"
        )
    tiling(network.field, network.source.smallest, tile, network.name)
    work = jobs(
        [Path(path) for path in inputs],
        Path(out),
        check_format(format),
        None if masks is None else Path(masks),
    )
    return run(network, work, Path(out), seed, tile, progress)


def run(
    network: Network,
    work: Sequence[Job],
    out: Path,
    seed: int = 0,
    tile: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Process the files of `jobs`.

    Raises:
        OSError: `out` cannot be made.
    """
    report = Report()
    with made(out):
        for number, job in enumerate(work):
            tiles = _of_file(progress, number, len(work))
            tiles(0, 0)
            # Pillow's decoders raise whatever a damaged file leads them to.
            try:
                picture = _read(network, job)
                check_result(job.name, network, picture)
                mask = None if job.mask is None else _mask(job, picture)
                image = process(network, picture, mask=mask, seed=seed, tile=tile, progress=tiles)
            except MemoryError:
                report.failed[job.file] = "there is not enough memory; try a smaller tile"
                continue
            except Exception as error:
                report.failed[job.file] = str(error) or type(error).__name__
                continue
            if picture.notes:
                report.notes[job.file] = "; ".join(picture.notes)
            try:
                save(image, out / job.name, picture)
            except OSError as error:
                if error.errno is None:  # Pillow's, of what the format does not hold
                    report.failed[job.file] = f"the result cannot be written: {error}"
                    continue
                report.stopped = error
                report.left = [each.file for each in work[number:]]
                break
            except ValueError as error:
                report.failed[job.file] = f"the result cannot be written: {error}"
                continue
            report.done.append(job.name)
    return report


@contextlib.contextmanager
def made(out: Path) -> Iterator[None]:
    """The folder is there; it goes again, with the parents that were made, if it stays empty.

    Raises:
        OSError: it cannot be made.
    """
    new = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for folder in new:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _of_file(progress: Progress | None, number: int, total: int) -> Callable[[int, int], None]:
    def tiles(done: int, count: int) -> None:
        if progress is not None:
            progress(number, total, done, count)

    return tiles


def _read(network: Network, job: Job) -> Picture:
    """The photograph.

    Raises:
        UsageError: it cannot be decoded.
    """
    from kgan.data.decode import FORMATS

    try:
        picture = read(job.file)
    except Exception as error:
        raise UsageError(
            f"cannot be decoded ({error}); expected an image file of the formats "
            f"{', '.join(FORMATS)}."
        ) from error
    if network.field.radius is None and picture.height * picture.width > LARGE:
        warnings.warn(
            f"{network.name} must see {job.file} as a whole ({network.field.reason}); "
            f"{picture.width}x{picture.height} pixels at once may take much memory.",
            stacklevel=2,
        )
    return picture


def _mask(job: Job, picture: Picture):
    assert job.mask is not None
    return check_mask(read_mask(job.mask), picture.height, picture.width, str(job.mask))
