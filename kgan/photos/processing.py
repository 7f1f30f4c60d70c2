"""A photograph through a network, tile by tile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from kgan.data.decode import over_white
from kgan.errors import UsageError
from kgan.images import to_pil, to_uint8
from kgan.photos.masks import check_mask, class_palette
from kgan.photos.network import Network, words
from kgan.photos.picture import Picture
from kgan.photos.tiles import Tile, tiling
from kgan.photos.transparency import filled, neighbourhood

_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow has it
_ROWS = 64  # converted at a time, to bound memory

Progress = Callable[[int, int], None]


def process(
    network: Network,
    picture: Picture,
    *,
    mask: np.ndarray | None = None,
    seed: int = 0,
    tile: int | None = None,
    progress: Progress | None = None,
) -> Image.Image:
    """What a network makes of a photograph; the tiled result is that of the whole, to 1/255.

    - "upscale" keeps grey grey, and enlarges alpha as the network does its luminance.
    - "inpaint" makes the pixels of `mask`; the others keep their values, bit by bit.
    - "colorize" makes colours from the luminance, and keeps alpha.
    - "translate" lays a transparent picture on white, and returns the network's own channels.
    - "segment" does so, too, and returns a palette image, whose values are the classes.

    A network that takes alpha as a channel gets it, and makes it.

    Args:
        network: from `kgan.photos.load`.
        picture: from `kgan.photos.read`.
        mask: for "inpaint": `(height, width)`, 1 where pixels are to be made, as `read_mask` gives.
        seed: of the latent, for networks that take one.
        tile: about the side of a tile in pixels of the photograph; by default what some hundred
            megabytes allow. A network that sees the whole image takes it whole.
        progress: called with the tiles done and their number.

    Example:
        >>> network = kgan.photos.load("pix2pix_emoji")
        >>> kgan.photos.process(network, kgan.photos.read("photo.jpg")).size
        (64, 48)

    Raises:
        UsageError: the network cannot take the photograph, a mask is missing, not wanted or of
            another size, or a tile for a network that must see the whole.
    """
    network.check_size(picture.height, picture.width)
    if (network.mask is None) != (mask is None):
        raise UsageError(
            f"mask must be {'left out' if network.mask is None else 'given'}, for {network.name} "
            f"has to {words(network.entry)}.",
            "mask",
        )
    if mask is not None:
        mask = check_mask(mask, picture.height, picture.width)
    tiles = tiling(network.field, network.source.smallest, tile, network.name)
    job = _Job(network, picture, mask, seed)
    total = tiles.count(picture.height, picture.width)
    for number, part in enumerate(tiles.tiles(picture.height, picture.width)):
        if progress is not None:
            progress(number, total)
        job.add(part)
    if progress is not None:
        progress(total, total)
    return job.image()


class _Job:
    """One photograph: what the network sees of it, and the result so far."""

    def __init__(self, network: Network, picture: Picture, mask: Any, seed: int):
        self.network, self.mask = network, mask
        self.latents = network.latents(seed)  # one for all tiles
        self.channels = network.source.shape[-1] or 3
        self.alpha = picture.alpha
        # uint8, with as many channels as the network takes, or grey, or for it to take one by one
        self.planes = self._planes(picture)
        # What is hidden below transparent pixels is known, too.
        self.known = picture.colour if self.alpha is not None else self.planes
        self.canvas: Image.Image | None = None

    def _planes(self, picture: Picture) -> np.ndarray:
        colour, alpha = picture.colour, picture.alpha
        if self.channels in (2, 4):
            self.alpha = None
            if alpha is None:
                alpha = np.full(colour.shape[:2], 255, np.uint8)
            colour = (
                _grey(colour) if self.channels == 2 else colour.repeat(3 // colour.shape[-1], -1)
            )
            return np.dstack([colour, alpha])
        if alpha is not None and self.network.flattens:
            self.alpha = None
            colour = over_white(np.dstack([colour, alpha]))
        elif alpha is not None:
            colour = filled(colour, alpha)
        grey = self.network.entry == "colorize" or (self.channels == 1 and not self._keeps)
        return _grey(colour) if grey else colour

    @property
    def _keeps(self) -> bool:
        """Whether the result has the channels of the picture."""
        return self.network.entry in ("upscale", "inpaint")

    def add(self, tile: Tile) -> None:
        """Process a tile and put it into the result."""
        if self.mask is not None and not self.mask[tile.kept].any():
            part = self.known[tile.kept]
        elif self.network.output.kind in ("image", "mask"):
            part = self._pixels(tile)
        else:
            part = self._classes(tile)
        if self.alpha is not None:
            part = np.dstack([part, self._alpha(tile)])
        scale = self.network.scale
        if self.canvas is None:
            height, width = self.planes.shape[:2]
            self.canvas = Image.new(to_pil(part[:1, :1]).mode, (width * scale, height * scale))
        self.canvas.paste(to_pil(part), (tile.columns.start * scale, tile.rows.start * scale))

    def image(self) -> Image.Image:
        """The result."""
        assert self.canvas is not None
        if self.network.output.kind in ("image", "mask"):
            return self.canvas
        self.canvas.putpalette(class_palette())
        return self.canvas

    def _pixels(self, tile: Tile) -> np.ndarray:
        """The pixels that the network makes of a tile, uint8."""
        made = self._run(self.planes, tile)
        if self._keeps and self.planes.shape[-1] == 1 and made.shape[-1] == 3:
            made = made @ _LUMINANCE[:, np.newaxis]
        pixels = _to_uint8(np.concatenate(list(made), -1) if len(made) > 1 else made[0])
        channels = pixels.shape[-1]
        wanted = {self.planes.shape[-1]} if self._keeps else {1, 2, 3, 4}
        wanted = {3} if self.network.entry == "colorize" else wanted
        if channels not in wanted:
            raise UsageError(
                f"{self.network.name} must {words(self.network.entry)} with "
                f"{' or '.join(map(str, sorted(wanted)))} channels; it makes {channels}."
            )
        if self.mask is None:
            return pixels
        return np.where(self.mask[tile.kept][..., np.newaxis], pixels, self.known[tile.kept])

    def _classes(self, tile: Tile) -> np.ndarray:
        """The classes of the pixels, uint8 `(height, width, 1)`, by logits or by themselves."""
        made = self._run(self.planes, tile)[0]
        if made.dtype.kind == "f":
            made = made.argmax(-1)[..., np.newaxis]
        if made.shape[-1] != 1 or made.max() > 255:
            raise UsageError(
                f"{self.network.name} must tell at most 256 classes, one per pixel; it gives "
                f"{self.network.output.brief()}."
            )
        return made.astype(np.uint8)

    def _alpha(self, tile: Tile) -> np.ndarray:
        """The alpha of the result, uint8 `(height, width, 1)`."""
        assert self.alpha is not None
        alpha, scale = self.alpha[..., np.newaxis], self.network.scale
        if scale == 1:
            return alpha[tile.kept]
        # What its neighbours have bounds a pixel: opaque areas stay opaque, empty ones empty.
        least, largest = (
            each.repeat(scale, 0).repeat(scale, 1) for each in neighbourhood(alpha, *tile.kept)
        )
        if (least == largest).all():
            return least
        made = self._run(alpha, tile)[0]
        pixels = _to_uint8(made @ _LUMINANCE[:, np.newaxis] if made.shape[-1] == 3 else made)
        return pixels.clip(least, largest)

    def _run(self, planes: np.ndarray, tile: Tile) -> np.ndarray:
        """What the network makes of a tile, float `(n, height, width, channels)`.

        n is 1, or 3 where a network of grey images takes the colours one by one.
        """
        network, seen = self.network, planes[tile.seen]
        if self.channels == 1:
            images = np.moveaxis(seen, -1, 0)[..., np.newaxis]
        else:
            images = seen.repeat(self.channels // seen.shape[-1], -1)[np.newaxis]
        batch = {network.source.name: images / np.float32(127.5) - np.float32(1)}
        if self.mask is not None and network.mask is not None:
            known = ~self.mask[tile.seen][..., np.newaxis]
            batch[network.mask.name] = np.stack([known] * len(images)).astype(np.float32)
        batch |= {name: each.repeat(len(images), 0) for name, each in self.latents.items()}
        made = network.run(batch)
        made = made if made.ndim == 4 else made[..., np.newaxis]
        shape = (len(images), *(side * network.scale for side in seen.shape[:2]))
        if made.shape[:3] != shape:
            raise UsageError(
                f"{network.name} must make an image of {shape[2]}x{shape[1]} pixels from "
                f"{seen.shape[1]}x{seen.shape[0]}; it makes {made.shape[2]}x{made.shape[1]}."
            )
        rows, columns = tile.within(network.scale)
        made = made[:, rows, columns]
        return 2 * made - 1 if network.output.kind == "mask" else made


def _grey(colour: np.ndarray) -> np.ndarray:
    """The luminance of colours, uint8 `(height, width, 1)`."""
    if colour.shape[-1] == 1:
        return colour
    return np.asarray(Image.fromarray(colour).convert("L"))[..., np.newaxis]


def _to_uint8(made: np.ndarray) -> np.ndarray:
    """Pixels of an image in [-1, 1]."""
    pixels = np.empty(made.shape, np.uint8)
    for top in range(0, len(made), _ROWS):
        pixels[top : top + _ROWS] = to_uint8(made[top : top + _ROWS])
    return pixels
