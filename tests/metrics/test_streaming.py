import functools

import numpy as np
import pytest

import kgan
from kgan.errors import UsageError
from kgan.metrics import fidelity, frechet, references, streaming
from kgan.metrics.classification import BATCH, classification_accuracy_score
from kgan.metrics.extractors import Extractor
from kgan.metrics.inception_score import inception_score
from kgan.metrics.kernel import kernel_distance
from kgan.metrics.manifold import density_coverage, precision_recall
from kgan.metrics.memorisation import mifid
from kgan.metrics.sliced_wasserstein import pyramid_distances


def quarters(images):
    return np.asarray(images).reshape(len(images), 2, 8, 2, 8).mean((2, 4)).reshape(-1, 4)


EXTRACTOR = Extractor(
    "quarters", quarters, 4, sha256=64 * "a", classify=lambda x: 5 * quarters(x), classes=4
)


@pytest.fixture
def sides(images):
    """Thirty-two real images, and as many with another contrast."""
    return images[:32], images[32:] * np.float32(0.8)


def named(values, *names):
    return dict(zip(names, values, strict=True))


def fed(metric, real, fake, size=10):
    for start in range(0, 32, size):
        metric.update_state(real[start : start + size], fake[start : start + size])
    return metric.result()


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (
            functools.partial(streaming.KernelDistance, subsets=3, subset_size=20, seed=4),
            lambda real, fake: named(kernel_distance(real, fake, 3, 20, 4), "distance", "error"),
        ),
        (
            functools.partial(streaming.PrecisionRecall, k=2),
            lambda real, fake: named(precision_recall(real, fake, 2), "precision", "recall"),
        ),
        (
            streaming.DensityCoverage,
            lambda real, fake: named(density_coverage(real, fake, 5), "density", "coverage"),
        ),
        (streaming.MemorisationInformedFrechetDistance, mifid),
        (
            functools.partial(streaming.FrechetDistanceInfinite, seed=2),
            lambda real, fake: named(
                frechet.frechet_distance_infinite(frechet.statistics(real), fake, 2),
                *("distance", "error"),
            ),
        ),
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
    assert not hasattr(metric, "_sides")
    metric.reset_state()
    with pytest.raises(UsageError, match="real images are missing: call update_state"):
        metric.result()
    metric.update_state(real, fake[:1])
    with pytest.raises(UsageError, match="fake images must be at least 2; received 1"):
        metric.result()
    metric.update_state(fake=fake[[0] * 5])
    with pytest.raises(UsageError, match="fake must vary in some dimension; received 6 copies"):
        metric.result()
    metric.reset_state()
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


def test_a_reference_and_real_images_are_refused(sides):
    made = references.of(kgan.data.load(sides[0], batch_size=8), EXTRACTOR, cache=False)
    with pytest.raises(UsageError, match="real must be None, since the reference stands"):
        streaming.FrechetDistance(EXTRACTOR, reference=made).update_state(*sides)


def test_any_function_of_features(sides):
    real, fake = sides
    metric = streaming.FeatureFunction(lambda real, fake: fake.mean() - real.mean(), EXTRACTOR)
    expected = quarters(fake).mean() - quarters(real).mean()
    assert fed(metric, real, fake) == pytest.approx(expected, rel=1e-5)


def test_the_distance_by_class(sides):
    real, fake = sides
    labels = np.arange(32) % 3
    metric = streaming.FrechetDistanceByClass(EXTRACTOR)
    for start in range(0, 32, 10):
        rows = slice(start, start + 10)
        metric.update_state(real[rows], fake[rows], labels[rows], labels[rows])
    expected = frechet.frechet_distance_by_class(quarters(real), labels, quarters(fake), labels)
    assert metric.result() == pytest.approx(expected, rel=1e-9)
    # A class of one image again and again.
    metric.update_state(fake=fake[[0] * 3], fake_labels=[9] * 3)
    metric.update_state(real[:3], real_labels=[9] * 3)
    moved = quarters(real[:3]).mean(0) - quarters(fake[:1])[0]
    expected = np.square(moved).sum() + quarters(real[:3]).astype(float).var(0, ddof=1).sum()
    assert metric.result()[9] == pytest.approx(expected, rel=1e-6)
    metric.reset_state()
    with pytest.raises(UsageError, match="fake images are missing"):
        metric.result()
    metric.update_state(real[:2], fake[:2], [0, 0], [0, 1])
    with pytest.raises(UsageError, match="fake images must be at least 2 of class 0; received 1"):
        metric.result()


def test_the_accuracy_of_asked_classes(sides):
    _, fake = sides
    labels = EXTRACTOR.classify(fake)
    labels[::4] = (labels[::4] + 1) % 4
    metric = streaming.ClassAccuracy(EXTRACTOR)
    metric.update_state(labels[:20], fake[:20])
    metric.update_state(labels[20:], fake[20:])
    assert float(metric.result()) == 0.75


def test_modes_of_points():
    metric = streaming.Modes([[0.0, 0.0], [10.0, 0.0]], std=1.0)
    metric.update_state(fake=np.array([[0.1, 0.0], [0.0, 5.0]]))
    metric.update_state(fake=np.array([[0.0, 0.2], [10.0, 0.0]]))
    found = metric.result()
    assert (found["modes"], found["high_quality"]) == (2, 0.75)
    assert found["reverse_kl"] == pytest.approx(2 / 3 * np.log(4 / 3) + 1 / 3 * np.log(2 / 3))
    metric.reset_state()
    with pytest.raises(UsageError, match="fake points are missing"):
        metric.result()


def test_the_inception_score_is_of_fakes_alone(sides):
    real, fake = sides
    metric = streaming.InceptionScore(EXTRACTOR, splits=2, seed=3)
    expected = named(inception_score(5 * quarters(fake), 2, 3), "score", "deviation")
    assert fed(metric, real, fake) == pytest.approx(expected, rel=1e-6)
    metric.reset_state()
    with pytest.raises(UsageError, match="fake images are missing"):
        metric.result()


def test_pairs_are_averaged(sides):
    real, fake = sides
    function = functools.partial(fidelity.psnr, border=2)
    metric = streaming.PairMetric(function, name="psnr")
    assert fed(metric, real, fake) == pytest.approx(function(real, fake).mean(), rel=1e-12)
    metric.reset_state()
    with pytest.raises(UsageError, match="images are missing"):
        metric.result()


def test_a_mean_of_many_keeps_its_digits():
    metric = streaming.PairMetric(lambda real, fake: np.float32(fake))
    for value in np.full(20_000, 0.1, np.float32):
        metric.update_state([0.0], [value])
    assert metric.result() == pytest.approx(float(np.float32(0.1)), rel=1e-12)


def test_the_sliced_wasserstein_distance(sides):
    real, fake = sides
    metric = streaming.SlicedWasserstein(patches=64, projections=16, smallest=8)
    found = fed(metric, real, fake)
    assert list(found) == [16, 8]
    assert found == pyramid_distances(real, fake, 64, 16, smallest=8)
    assert fed(streaming.SlicedWasserstein(64, 16, 8), real, real)[16] == 0


def test_the_diversity_pairs_the_halves_of_a_batch(sides):
    from kgan.metrics.ms_ssim import ms_ssim

    _, fake = sides
    metric = streaming.MSSSIMDiversity()
    metric.update_state(fake=fake[:10])
    assert float(metric.result()) == pytest.approx(ms_ssim(fake[:5], fake[5:10]).mean(), rel=1e-5)
    with pytest.raises(UsageError, match="fake must hold at least 2 images"):
        metric.update_state(fake=fake[:1])


def test_the_path_length_is_that_of_the_pairs(make_gan):
    """Of a generator that is fed outside: the ends of ways, as `path_length` draws them."""
    from kgan.metrics.path_length import path_length

    gan, pairs = make_gan(run_eagerly=True), []

    def distance(first, second):
        pairs.append((first, second))
        return np.square(first - second).sum((1, 2, 3))

    wanted = path_length(gan, distance, n=40, epsilon=0.01, trim=5, batch_size=16)
    metric = streaming.PathLength(lambda first, second: distance(first, second), 0.01, trim=5)
    for first, second in list(pairs):
        metric.update_state(first, second)
    assert metric.result() == wanted > 0
    metric.reset_state()
    with pytest.raises(UsageError, match="first and second are missing"):
        metric.result()
    with pytest.raises(UsageError, match="first and second must have one shape"):
        metric.update_state(pairs[0][0], pairs[0][1][:1])
    with pytest.raises(UsageError, match="distance must give one number per pair"):
        streaming.PathLength(lambda first, second: first).update_state(*pairs[0])


@pytest.mark.slow
def test_the_classification_accuracy_score(striped):
    """The batches that the function draws give the same classifier, which has learnt something."""
    fake, classes = striped(BATCH, 0)
    real, answers = striped(200, 1)
    answers[:50] = 1 - answers[:50]
    wanted = classification_accuracy_score(fake, classes, real, answers, epochs=10, seed=3)
    assert wanted > 0.7
    metric = streaming.ClassificationAccuracyScore(classes=2, steps=10, seed=3)
    order = np.random.default_rng(3)
    for _ in range(10):
        chosen = order.permutation(BATCH)
        metric.update_state(fake=fake[chosen], fake_labels=classes[chosen])
    for start in (0, 120):
        rows = slice(start, start + 120)
        metric.update_state(real[rows], real_labels=answers[rows])
    assert metric.result() == wanted
    metric.reset_state()
    with pytest.raises(UsageError, match="real images are missing"):
        metric.result()


@pytest.mark.slow
def test_a_refused_call_teaches_nothing(striped):
    images, labels = striped(32, 0)
    metric = streaming.ClassificationAccuracyScore(classes=2, steps=1)
    with pytest.raises(UsageError, match="real_labels must be 0 to 1; received 2"):
        metric.update_state(images, images, labels + 1, labels)
    metric.update_state(images, images, labels, labels)  # the one step is left
    kept = streaming.FrechetDistance(EXTRACTOR)
    with pytest.raises(UsageError, match="images must be float32"):
        kept.update_state(np.zeros((4, 16, 16, 1), "float32"), np.zeros((4, 16, 16, 1)))
    with pytest.raises(UsageError, match="real images are missing"):
        kept.result()


@pytest.mark.slow
def test_classification_accuracy_comes_in_order(striped):
    images, labels = striped(32, 0)
    metric = streaming.ClassificationAccuracyScore(classes=2, steps=1)
    with pytest.raises(UsageError, match="real images must come after steps=1 batches of fakes"):
        metric.update_state(images, real_labels=labels)
    metric.update_state(fake=images, fake_labels=labels)
    with pytest.raises(UsageError, match="fake must come steps=1 times; this is one more"):
        metric.update_state(fake=images, fake_labels=labels)
    wide = np.zeros((4, 8, 10, 1), "float32") - 1
    with pytest.raises(UsageError, match="image_shape must be"):
        metric.reset_state()
        metric.update_state(fake=wide, fake_labels=[0, 1, 0, 1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: streaming.KernelDistance(EXTRACTOR, subset_size=1), "subset_size must be"),
        (lambda: streaming.KernelDistance(EXTRACTOR, subsets=1), "subsets must be"),
        (lambda: streaming.PrecisionRecall(EXTRACTOR, k=0), "k must be"),
        (lambda: streaming.FrechetDistance("vgg"), "extractor='vgg' is unknown"),
        (lambda: streaming.InceptionScore(EXTRACTOR, splits=0), "splits must be"),
        (lambda: streaming.FrechetDistance(EXTRACTOR, "a.npz"), "reference must be a kgan.metrics"),
        (lambda: streaming.InceptionScore(EXTRACTOR, seed=2**32), "seed must be"),
        (lambda: streaming.Modes(5.0, 1.0), "centres must"),
        (lambda: streaming.Modes([[0.0]], -1.0), "std must"),
        (lambda: streaming.PathLength(5), "distance must be a function"),
        (lambda: streaming.PathLength(np.subtract, epsilon=1), "epsilon must be a share"),
        (lambda: streaming.PathLength(np.subtract, trim=50), "trim must be below 50"),
        (lambda: streaming.ClassificationAccuracyScore(1, 5), "classes must be"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(UsageError, match=message):
        make()
