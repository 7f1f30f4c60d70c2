import functools

import numpy as np
import pytest

import kgan
from kgan.errors import UsageError
from kgan.metrics import fidelity, frechet, references, streaming
from kgan.metrics.extractors import Extractor
from kgan.metrics.inception_score import inception_score
from kgan.metrics.kernel import kernel_distance
from kgan.metrics.manifold import density_coverage, precision_recall
from kgan.metrics.memorisation import mifid


def quarters(images):
    return np.asarray(images).reshape(len(images), 2, 8, 2, 8).mean((2, 4)).reshape(-1, 4)


EXTRACTOR = Extractor(
    "quarters", quarters, 4, sha256=64 * "a", classify=lambda x: 5 * quarters(x), num_classes=4
)


@pytest.fixture
def sides(images):
    """Thirty-two real images, and as many with another contrast."""
    return images[:32], images[32:] * np.float32(0.8)


def fed(metric, real, fake, size=10):
    for start in range(0, 32, size):
        metric.update_state(real[start : start + size], fake[start : start + size])
    return metric.result()


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (
            functools.partial(streaming.KernelDistance, subsets=3, subset_size=20, seed=4),
            lambda real, fake: kernel_distance(real, fake, 3, 20, 4)[0],
        ),
        (
            functools.partial(streaming.PrecisionRecall, k=2),
            lambda real, fake: dict(
                zip(("precision", "recall"), precision_recall(real, fake, 2), strict=True)
            ),
        ),
        (
            streaming.DensityCoverage,
            lambda real, fake: dict(
                zip(("density", "coverage"), density_coverage(real, fake, 5), strict=True)
            ),
        ),
        (streaming.MemorisationInformedFrechetDistance, mifid),
    ],
)
def test_batches_give_what_the_function_gives_of_all(sides, metric, expected):
    real, fake = sides
    wanted = expected(quarters(real), quarters(fake))
    assert fed(metric(EXTRACTOR), real, fake) == wanted
    # Either side alone, one after the other.
    alone = metric(EXTRACTOR)
    alone.update_state(fake=fake)
    alone.update_state(real)
    assert alone.result() == wanted


def test_the_frechet_distance_keeps_no_features(sides):
    real, fake = sides
    wanted = frechet.frechet_distance(*(frechet.statistics(quarters(side)) for side in sides))
    metric = streaming.FrechetDistance(EXTRACTOR)
    assert fed(metric, real, fake) == pytest.approx(wanted, rel=1e-9)
    assert metric._sides == {"real": [], "fake": []}
    metric.reset_state()
    with pytest.raises(UsageError, match="real images are missing: call update_state"):
        metric.result()
    assert fed(metric, real, fake, size=7) == pytest.approx(wanted, rel=1e-9)


def test_a_reference_stands_for_the_real_side(sides, images):
    real, fake = sides
    made = references.of(kgan.data.load(real, batch_size=8), EXTRACTOR, cache=False)
    for kind in (streaming.FrechetDistance, streaming.MemorisationInformedFrechetDistance):
        metric = kind(EXTRACTOR, reference=made)
        metric.update_state(fake=fake)
        assert metric.result() == pytest.approx(fed(kind(EXTRACTOR), real, fake), rel=1e-9)
    other = Extractor("quarters", quarters, 4, sha256=64 * "b")
    with pytest.raises(UsageError, match="reference was computed with another protocol"):
        streaming.FrechetDistance(other, reference=made)


def test_the_inception_score_is_of_fakes_alone(sides):
    real, fake = sides
    metric = streaming.InceptionScore(EXTRACTOR, splits=2, seed=3)
    assert fed(metric, real, fake) == pytest.approx(
        inception_score(5 * quarters(fake), 2, 3)[0], rel=1e-6
    )
    metric.reset_state()
    with pytest.raises(UsageError, match="fake images are missing"):
        metric.result()


def test_pairs_are_averaged(sides):
    real, fake = sides
    function = functools.partial(fidelity.psnr, border=2)
    metric = streaming.PairMetric(function, name="psnr")
    assert float(fed(metric, real, fake)) == pytest.approx(function(real, fake).mean(), rel=1e-5)


def test_the_sliced_wasserstein_distance(sides):
    real, fake = sides
    metric = streaming.SlicedWasserstein(patches=64, projections=16, smallest=8)
    found = fed(metric, real, fake)
    assert list(found) == [16, 8]
    assert found == fed(metric.__class__(64, 16, 8), real, fake)
    assert fed(streaming.SlicedWasserstein(64, 16, 8), real, real)[16] == 0


def test_the_diversity_pairs_the_halves_of_a_batch(sides):
    from kgan.metrics.ms_ssim import ms_ssim

    _, fake = sides
    metric = streaming.MSSSIMDiversity()
    metric.update_state(fake=fake[:10])
    assert float(metric.result()) == pytest.approx(ms_ssim(fake[:5], fake[5:10]).mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: streaming.KernelDistance(EXTRACTOR, subset_size=1), "subset_size must be"),
        (lambda: streaming.KernelDistance(EXTRACTOR, subsets=1), "subsets must be"),
        (lambda: streaming.PrecisionRecall(EXTRACTOR, k=0), "k must be"),
        (lambda: streaming.FrechetDistance("vgg"), "extractor='vgg' is unknown"),
        (lambda: streaming.InceptionScore(EXTRACTOR, splits=0), "splits must be"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(UsageError, match=message):
        make()
