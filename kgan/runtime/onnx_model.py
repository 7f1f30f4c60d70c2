"""A model in an ONNX file: asked as kgan's models are, run by onnxruntime alone."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kgan.batches import in_batches
from kgan.errors import UsageError
from kgan.luminance import luminance
from kgan.signature import Image, Mask, Signature
from kgan.validate import check_images


class OnnxModel:
    """An entry point that `kgan.export.to_onnx` wrote, by onnxruntime on the CPU.

    Its methods have the arguments, checks and seeds of the model that was exported, and give the
    same arrays up to rounding. A file holds one entry point, and answers that method alone.

    Attributes:
        name: what errors call the model.
        model: the class of the model, such as "DCGAN".
        entry: the name of the entry point, such as "generate" or "upscale".
        input_signature: its fields.
        output_signature: the fields of what it gives.
        metadata: what the file says of itself, text by name.

    Example:
        >>> path = kgan.export.to_onnx(gan, "generator.onnx").path
        >>> model = kgan.runtime.OnnxModel(path)
        >>> bool(np.abs(model.generate(16, seed=7) - gan.generate(16, seed=7)).max() < 1e-4)
        True

    Raises:
        UsageError: there is no such file, it is no export of kgan's or one of an older version, or
            onnxruntime is missing.
    """

    def __init__(self, path: str | Path, name: str | None = None, threads: int | None = None):
        self.name = name or str(path)
        if not Path(path).is_file():
            raise UsageError(f"MODEL={self.name!r} must be an ONNX file; there is none.")
        if not available():
            raise UsageError(
                f"MODEL={self.name!r} is an ONNX file, which needs onnxruntime: "
                'pip install "kgan[onnx]"'
            )
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # The arena would keep the largest tensors of each size of image.
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
            # Threads that wait for work would take the cores from others.
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        # Whatever a damaged file leads the runtime to.
        except Exception as error:
            cause = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
            raise UsageError(f"MODEL={self.name!r} must be an ONNX file: {cause}") from None
        self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        self.model, self.entry = self.fact("model"), self.fact("entry")
        self.input_signature = self.fact("inputs", Signature.from_json)
        self.output_signature = self.fact("outputs", Signature.from_json)

    def __repr__(self) -> str:
        fields = ", ".join(field.brief() for field in self.input_signature.values())
        return f"<OnnxModel {self.name!r}, a {self.model}: {self.entry}({fields})>"

    def __call__(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs by name for a batch of the inputs by name."""
        names = list(self.output_signature)
        return dict(zip(names, self._session.run(names, dict(batch)), strict=True))

    def entry_points(self) -> dict[str, OnnxModel]:
        """What can be asked, by name: itself alone."""
        return {self.entry: self}

    def fact(self, key: str, read: Callable[[str], Any] = str) -> Any:
        """What `read` makes of a text of the metadata.

        Raises:
            UsageError: the file has none, or `read` raises a ValueError.
        """
        try:
            return read(self.metadata[key])
        except (KeyError, ValueError) as error:
            raise UsageError(
                f"MODEL={self.name!r} must be an ONNX file that this version of kgan exported, "
                "since its metadata say what it takes and gives; they lack "
                f"{str(error)[:80]}. Export the model again: "
                "kgan export MODEL --format onnx --out FILE."
            ) from None

    def generate(
        self,
        n: int | None = None,
        seed: int | None = None,
        truncation: float | None = None,
        batch_size: int = 64,
        **given: Any,
    ) -> np.ndarray:
        """Images as `kgan.GAN.generate` makes them: float32 `(n, height, width, channels)`.

        Raises:
            UsageError: as there, or the file has another entry point.
        """
        self._check_entry("generate")
        return self._run(self.generator_inputs(n, seed, truncation, **given), batch_size)

    def generator_inputs(
        self,
        n: int | None = None,
        seed: int | None = None,
        truncation: float | None = None,
        **given: Any,
    ) -> dict[str, np.ndarray]:
        """The inputs by name that `generate` takes for these arguments."""
        return self.input_signature.sample(n, seed, truncation, given, self.model)

    def translate(self, images: Any, seed: int | None = None, batch_size: int = 64) -> np.ndarray:
        """Images as `kgan.Pix2Pix.translate` translates these: float32 in [-1, 1].

        Raises:
            UsageError: as there, or the file has another entry point.
        """
        return self._of_images("translate", images, seed, batch_size)

    def translate_back(self, images: Any, batch_size: int = 64) -> np.ndarray:
        """Images as `kgan.CycleGAN.translate_back` makes them of targets: float32 in [-1, 1].

        Raises:
            UsageError: as there, or the file has another entry point.
        """
        return self._of_images("translate_back", images, None, batch_size)

    def upscale(self, images: Any, batch_size: int = 16) -> np.ndarray:
        """Larger images as `kgan.SRGAN.upscale` makes them: float32 in [-1, 1].

        Raises:
            UsageError: as there, or the file has another entry point.
        """
        return self._of_images("upscale", images, None, batch_size)

    def colorize(self, images: Any, seed: int | None = None, batch_size: int = 64) -> np.ndarray:
        """RGB images as `kgan.Colorization.colorize` makes them of grey or RGB ones: float32.

        Raises:
            UsageError: as there, or the file has another entry point.
        """
        self._check_entry("colorize")
        images = check_images(images)
        if images.shape[-1] == 3:
            images = np.clip(luminance(images), -1, 1)
        return self._of_images("colorize", images, seed, batch_size)

    def segment(self, images: Any, batch_size: int = 64) -> np.ndarray:
        """The class of each pixel as `kgan.Segmentation.segment`: int32 `(n, height, width)`.

        Raises:
            UsageError: as there, or the file has another entry point.
        """
        return self._of_images("segment", images, None, batch_size).argmax(-1).astype(np.int32)

    def inpaint(self, images: Any, masks: Any, batch_size: int = 16) -> np.ndarray:
        """Images, their holes filled, as `kgan.Inpainting.inpaint` fills them: float32.

        Raises:
            UsageError: as there, or the file has another entry point.
        """
        self._check_entry("inpaint")
        images = self._source.check(images, argument="images")
        known = Mask((None, None, 1)).beside(masks, images)
        return self._run({self._source.name: images, Mask.name: known}, batch_size)

    def _of_images(self, entry: str, images: Any, seed: int | None, batch_size: int) -> np.ndarray:
        """The first output for images, and latents of the seed where there are some."""
        self._check_entry(entry)
        source = self._source
        images = source.check(images, argument="images")
        inputs = {
            name: images if name == source.name else field.default(len(images), seed)
            for name, field in self.input_signature.items()
        }
        return self._run(inputs, batch_size)

    def _run(self, inputs: dict[str, np.ndarray], batch_size: int) -> np.ndarray:
        return next(iter(in_batches(self, inputs, batch_size).values()))

    @property
    def _source(self) -> Image:
        source = self.input_signature.image
        assert source is not None
        return source

    def _check_entry(self, entry: str) -> None:
        """Check that the file answers this method.

        Raises:
            UsageError: it has another entry point.
        """
        if entry != self.entry:
            raise UsageError(
                f"MODEL={self.name!r} is a {self.model}, which cannot {entry.replace('_', ' ')} by "
                f"this file; use {self.entry}()."
            )


def available() -> bool:
    """Whether onnxruntime is installed."""
    return importlib.util.find_spec("onnxruntime") is not None
