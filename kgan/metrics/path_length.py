"""How much images change along a path through the latent space: the perceptual path length.

Karras, Laine & Aila, "A Style-Based Generator Architecture for Generative Adversarial Networks",
2019, arXiv:1812.04948, section 4.1, equation 2: the mean of d(G(w(t)), G(w(t + ε)))/ε², w a path
between two latents and d a distance that grows as the square of a small change, such as LPIPS. A
smaller figure means a smoother generator; one that makes a single image has 0. Figures are
comparable only for the same distance, ε, image size and number of latent dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kgan.batches import batches
from kgan.checks import check_flag, check_integer, check_number
from kgan.errors import UsageError
from kgan.latent.paths import linear_at, spherical_at
from kgan.signature import Latent

if TYPE_CHECKING:
    from kgan.metrics.extractors import Extractor
    from kgan.models import GAN

Distance = Callable[[np.ndarray, np.ndarray], Any]

# The path that stays among the latents that the prior draws.
WAYS = {"normal": spherical_at, "spherical": spherical_at, "uniform": linear_at}


def path_length(
    gan: GAN,
    distance: Distance,
    n: int = 10_000,
    epsilon: float = 1e-4,
    seed: int = 0,
    *,
    inputs: Mapping[str, Any] | None = None,
    ends: bool = False,
    trim: float = 1.0,
    batch_size: int = 64,
) -> float:
    """The `trimmed_mean` of the `path_lengths` of a GAN.

    The paper takes n = 100,000 and LPIPS with VGG16.

    Args:
        gan, distance, n, epsilon, seed, inputs, ends, batch_size: as for `path_lengths`.
        trim: percent of the lengths that are left out at either end, below 50; 1 as in the paper's
            code, 0 for none.

    Example:
        >>> extractor = kgan.metrics.extractors.get("judge_fashion_mnist")
        >>> distance = kgan.metrics.path_length.feature_distance(extractor)
        >>> length = kgan.metrics.path_length.path_length(gan, distance, n=100)

    Raises:
        UsageError: as for `path_lengths`.
    """
    lengths = path_lengths(
        gan,
        distance,
        n,
        epsilon,
        seed,
        inputs=inputs,
        ends=ends,
        batch_size=batch_size,
    )
    return trimmed_mean(lengths, trim)


def path_lengths(
    gan: GAN,
    distance: Distance,
    n: int = 10_000,
    epsilon: float = 1e-4,
    seed: int = 0,
    *,
    inputs: Mapping[str, Any] | None = None,
    ends: bool = False,
    batch_size: int = 64,
) -> np.ndarray:
    """The distance over ε² of two near positions on each of n paths: float64 `(n,)`.

    A path joins two latents of the prior: by the arc of `kgan.latent.spherical` for a normal or
    spherical prior, by a straight line for a uniform one. The generator's other inputs, such as a
    label, are the same at both positions. The averaged generator computes in float32.

    Args:
        gan: any GAN of kgan.
        distance: of two batches of images, float32 `(b, height, width, channels)` in [-1, 1], one
            number per pair: `kgan.metrics.lpips.load(…)` or `feature_distance(extractor)`. Only one
            batch of images is held.
        n: the number of paths.
        epsilon: the step, as a share of the path. A larger one loses less to rounding.
        seed: of the latents and the positions, 0 to 2**32 - 1. The paths begin at the latents of
            `gan.generate(n, seed)`.
        inputs: the other arguments of `gan.generate`, such as `{"labels": …}`.
        ends: measure at the beginning of each path only (t = 0), the paper's other variant.
        batch_size: images at a time, two per path.

    Raises:
        UsageError: what `gan.generate` refuses, an impossible count or step, or a distance that
            does not give a finite number for each pair.
    """
    from kgan.networks.check import call_network
    from kgan.precision import compute_dtypes, float32_clone
    from kgan.priors import sample

    n = check_integer("n", n, 1)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    epsilon = check_step(epsilon)
    pairs = max(check_integer("batch_size", batch_size, 2) // 2, 1)
    fed = gan.generator_inputs(n, seed, **(inputs or {}))
    n = len(fed[Latent.name])
    latents = sample(2 * n, gan.latent_dim, seed, prior=gan.prior).astype(np.float64)
    # Another stream than that of the latents, so that both are independent.
    positions = np.random.RandomState([seed, 1]).uniform(0.0, 1.0, (n, 1))
    if check_flag("ends", ends):
        positions[:] = 0.0
    way = WAYS[gan.prior]
    generator = gan.averaged_generator
    if compute_dtypes(generator) & {"float16", "bfloat16"}:
        generator = float32_clone(generator)
    lengths = []
    for first, second, position, inputs in batches(
        (latents[:n], latents[n:], positions, fed), pairs
    ):
        both = [way(first, second, position), way(first, second, position + epsilon)]
        batch = {name: np.concatenate([values] * 2) for name, values in inputs.items()}
        batch[Latent.name] = np.concatenate(both).astype(np.float32)
        images = np.asarray(call_network(generator, batch, False, Latent.name), np.float32)
        count = len(position)
        lengths.append(pair_lengths(distance, images[:count], images[count:], epsilon))
    return np.concatenate(lengths)


def pair_lengths(
    distance: Distance, first: np.ndarray, second: np.ndarray, epsilon: float
) -> np.ndarray:
    """The distance over ε² of each pair of images `(n, height, width, channels)`: float64 `(n,)`.

    Raises:
        UsageError: a distance that does not give a finite number for each pair.
    """
    return _checked(distance(first, second), len(first)) / epsilon**2


def trimmed_mean(lengths: np.ndarray, trim: float = 1.0) -> float:
    """The mean of the lengths `(n,)` between two percentiles, each one of the lengths.

    The few longest paths would otherwise dominate the mean's error.

    Args:
        lengths: of `path_lengths`.
        trim: percent that are left out at either end, 0 to below 50.

    Raises:
        UsageError: a percentage out of range, or invalid lengths.
    """
    trim = check_trim(trim)
    lengths = np.asarray(lengths, np.float64)
    if lengths.ndim != 1 or not lengths.size or not np.isfinite(lengths).all():
        raise UsageError(
            "lengths must be finite numbers of the shape (n,), n at least 1; received the shape "
            f"{lengths.shape}. Take those of path_lengths.",
            "lengths",
        )
    low = np.percentile(lengths, trim, method="lower")
    high = np.percentile(lengths, 100 - trim, method="higher")
    return float(lengths[(low <= lengths) & (lengths <= high)].mean())


def feature_distance(extractor: Extractor) -> Distance:
    """The squared Euclidean distance of an extractor's features, for `path_lengths`.

    It takes two batches of images that the extractor accepts, and returns float64 `(n,)`.
    """

    def distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        # Their difference is small: float32 features, subtracted in float64.
        features = (extractor.features(images).astype(np.float64) for images in (first, second))
        one, other = features
        return np.square(one - other).sum(1)

    return distance


def check_step(epsilon: Any) -> float:
    """A share of the path.

    Raises:
        UsageError: out of range.
    """
    epsilon = check_number("epsilon", epsilon, 1e-6)
    if epsilon >= 1:
        raise UsageError(
            f"epsilon must be a share of the path below 1; received {epsilon:g}.", "epsilon"
        )
    return epsilon


def check_trim(trim: Any) -> float:
    """A percentage of either end.

    Raises:
        UsageError: out of range.
    """
    trim = check_number("trim", trim, 0, " of percent")
    if trim >= 50:
        raise UsageError(f"trim must be below 50 percent at either end; received {trim:g}.", "trim")
    return trim


def _checked(distances: Any, count: int) -> np.ndarray:
    found = np.asarray(distances)
    if found.shape != (count,):
        raise UsageError(
            f"distance must give one number per pair, of the shape ({count},); received "
            f"{found.shape}. Take the mean over each image's pixels or features alone.",
            "distance",
        )
    if found.dtype.kind not in "fiu" or not np.isfinite(found).all():
        raise UsageError(
            "distance must give finite numbers; received NaN, infinity or no numbers. Look at "
            "gan.generate(…): the generator may make NaN.",
            "distance",
        )
    return found.astype(np.float64)
