"""Fields of numbers: conditions, latents, codes."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from kgan import priors
from kgan.errors import UsageError
from kgan.signature.field import Field
from kgan.validate import check_vectors


@dataclasses.dataclass(frozen=True)
class Vector(Field):
    """`size` numbers that condition the model, such as the embedding of a text.

    Example:
        >>> condition = kgan.signature.Vector(384)
        >>> embeddings = condition.check(np.zeros((2, 384)), n=2)
    """

    size: int
    name: str = "condition"
    kind: ClassVar[str] = "vector"
    has_default: ClassVar[bool] = False
    embedded: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.size,)

    def check(self, values: Any, n: int, argument: str | None = None) -> np.ndarray:
        return check_vectors(argument or self.argument, values, (n, self.size))

    def metadata(self) -> dict[str, str]:
        return {f"{self.name}_dim": str(self.size)}

    def read(self, option: str, text: str) -> np.ndarray:
        rows = read_rows(option, Path(text))
        if rows.shape[1] != self.size:
            raise UsageError(
                f"{option} must hold rows of {self.size} numbers for this model; received the "
                f"shape {rows.shape}.",
                option,
            )
        return rows

    def describe(self, n: int) -> str:
        return f"`{self.argument}` are float32 ({n}, {self.size}), a vector for each image."


@dataclasses.dataclass(frozen=True)
class Latent(Vector):
    """A latent of `size` numbers from a `prior`, a name in `kgan.latent.PRIORS`.

    Example:
        >>> latent = kgan.signature.Latent(64, prior="normal")
        >>> latent.default(16, seed=7, truncation=0.7).shape
        (16, 64)
        >>> print(latent.numpy_source())
        numpy.random.RandomState(seed).standard_normal((n, 64)).astype('float32')
    """

    name: str = "latent"
    prior: str = "normal"
    kind: ClassVar[str] = "latent"
    has_default: ClassVar[bool] = True
    embedded: ClassVar[bool] = False

    def default(self, n: int, seed: int | None, truncation: float | None = None) -> np.ndarray:
        return priors.sample(n, self.size, seed, truncation, self.prior)

    def draw(self, n: Any, seeds: Any) -> Any:
        return priors.draw(self.prior, (n, self.size), seeds)

    def numpy_source(self) -> str:
        return priors.PRIORS[self.prior].replace("latent_dim", str(self.size))

    def metadata(self) -> dict[str, str]:
        return {"latent_dim": str(self.size), "prior": priors.PRIORS[self.prior]}

    def facts(self) -> dict[str, Any]:
        return super().facts() | {"prior": self.prior}

    def examples(self, n: int, seed: int, size: tuple[int, int] | None = None) -> np.ndarray:
        return priors.sample(n, self.size, seed)


@dataclasses.dataclass(frozen=True)
class Code(Vector):
    """InfoGAN's code: a one-hot vector per categorical code, then `continuous` numbers.

    The categorical codes are drawn evenly, the continuous ones from [-1, 1].

    Example:
        >>> code = kgan.signature.Code(categorical=(10,), continuous=2)
        >>> code.size, code.slices()
        (12, [slice(0, 10, None)])
        >>> codes = code.default(16, seed=7)
    """

    size: int = 0
    name: str = "code"
    categorical: tuple[int, ...] = ()
    continuous: int = 0
    kind: ClassVar[str] = "code"
    has_default: ClassVar[bool] = True
    embedded: ClassVar[bool] = False

    def __post_init__(self):
        object.__setattr__(self, "size", sum(self.categorical) + self.continuous)

    def default(self, n: int, seed: int | None) -> np.ndarray:
        # A stream beside that of the latents.
        random = np.random.RandomState(None if seed is None else [seed, 1])
        parts = [np.eye(size)[random.randint(size, size=n)] for size in self.categorical]
        parts.append(random.uniform(-1.0, 1.0, (n, self.continuous)))
        return np.concatenate(parts, 1).astype(np.float32)

    def draw(self, n: Any, seeds: Any) -> Any:
        import keras
        from keras import ops

        parts = [
            ops.one_hot(keras.random.randint((n,), 0, size, seed=seeds), size, dtype="float32")
            for size in self.categorical
        ]
        if self.continuous:
            parts.append(keras.random.uniform((n, self.continuous), -1.0, 1.0, seed=seeds))
        return ops.concatenate(parts, -1)

    def numpy_source(self) -> str:
        return (
            "(lambda random: numpy.concatenate([*(numpy.eye(k)[random.randint(k, size=n)] for k in "
            f"{self.categorical}), random.uniform(-1, 1, (n, {self.continuous}))], 1)"
            ".astype('float32'))(numpy.random.RandomState([seed, 1]))"
        )

    def metadata(self) -> dict[str, str]:
        layout = {"categorical": self.categorical, "continuous": self.continuous}
        return {self.name: json.dumps(layout), f"{self.name}_prior": self.numpy_source()}

    def facts(self) -> dict[str, Any]:
        layout = {"categorical": list(self.categorical), "continuous": self.continuous}
        return super().facts() | layout

    def slices(self) -> list[slice]:
        """Where each categorical code stands in the vector; the continuous ones follow."""
        ends = np.cumsum(self.categorical, dtype=int).tolist()
        return [slice(end - k, end) for end, k in zip(ends, self.categorical, strict=True)]

    def describe(self, n: int) -> str:
        parts = [f"a one-hot vector of length {size}" for size in self.categorical]
        parts += [f"{self.continuous} numbers from -1 to 1"] if self.continuous else []
        return f"`{self.argument}` are float32 ({n}, {self.size}): {', then '.join(parts)}."


def read_rows(option: str, path: Path) -> np.ndarray:
    """The array of a .npy file of rows; nothing in it is run.

    Raises:
        UsageError: it is no file of rows of numbers.
    """
    problem = "holds something else"
    try:
        array = np.load(path, allow_pickle=False)
        if isinstance(array, np.ndarray) and array.dtype.kind not in "fiub":
            problem = f"holds {array.dtype}, not real numbers"
        elif isinstance(array, np.ndarray) and array.ndim == 2 and len(array):
            return array
        elif isinstance(array, np.ndarray):
            problem = f"holds an array of the shape {array.shape}"
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
    except (ValueError, EOFError, zipfile.BadZipFile):
        pass
    raise UsageError(
        f"{option}={str(path)!r} must be a .npy file that holds an array (rows, numbers), as "
        f"numpy.save writes it; this one {problem}.",
        option,
    )
