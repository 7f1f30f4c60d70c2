import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics.segmentation import confusion, iou, mean_iou
from kgan.metrics.streaming import MeanIoU

RANDOM = np.random.RandomState(0)
REAL = RANDOM.randint(0, 4, (6, 9, 8))
FAKE = np.where(RANDOM.uniform(size=REAL.shape) < 0.7, REAL, RANDOM.randint(0, 4, REAL.shape))


def test_keras_has_the_same_mean():
    oracle = keras.metrics.MeanIoU(4)
    oracle.update_state(REAL, FAKE)
    assert mean_iou(REAL, FAKE, 4) == pytest.approx(float(oracle.result()), rel=1e-6)


def test_scikit_learn_has_the_same_counts(oracle):
    metrics = oracle("sklearn.metrics")
    counts = confusion(REAL, FAKE, 4)
    np.testing.assert_array_equal(counts, metrics.confusion_matrix(REAL.ravel(), FAKE.ravel()))
    jaccard = metrics.jaccard_score(REAL.ravel(), FAKE.ravel(), average=None)
    np.testing.assert_allclose(iou(counts), jaccard, rtol=1e-12)


def test_a_square_moved_by_half_has_a_third():
    real, fake = np.zeros((2, 1, 10, 10), int)
    real[:, 2:6, 2:6], fake[:, 2:6, 4:8] = 1, 1
    found = iou(confusion(real, fake, 2))
    np.testing.assert_allclose(found, [76 / 92, 8 / 24], rtol=1e-14)
    assert mean_iou(real, fake, 2) == pytest.approx(found.mean())
    assert mean_iou(real, real, 2) == 1


def test_unknown_pixels_and_classes_that_do_not_occur_do_not_count():
    real = REAL.copy()
    real[:, :3] = -1
    assert mean_iou(real, FAKE, 4) == pytest.approx(mean_iou(REAL[:, 3:], FAKE[:, 3:], 4))
    assert mean_iou(REAL, FAKE, 9) == mean_iou(REAL, FAKE, 4)
    assert np.isnan(iou(confusion(REAL, FAKE, 5))[4])


def test_the_mean_is_of_all_pixels_not_of_images():
    metric = MeanIoU(4)
    assert metric.name == "mean_iou"
    for batch in range(0, 6, 2):
        metric.update_state(REAL[batch : batch + 2], FAKE[batch : batch + 2])
    assert metric.result() == mean_iou(REAL, FAKE, 4)
    metric.reset_state()
    with pytest.raises(UsageError, match="label maps are missing"):
        metric.result()


def test_probabilities_count_by_their_largest():
    metric, plain = MeanIoU(4), MeanIoU(4)
    real = REAL.copy()
    real[0] = -1
    one_hot = np.eye(4, dtype="float32")[real] * (real >= 0)[..., None]
    metric.update_state(one_hot, 0.6 * np.eye(4, dtype="float32")[FAKE] + 0.1)
    plain.update_state(real, FAKE)
    assert metric.result() == plain.result()


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (REAL, FAKE[:, 1:], r"real and fake must have one shape.*\(6, 9, 8\) and \(6, 8, 8\)"),
        (REAL, FAKE[:5], r"fake must have the shape \(6, height, width\)"),
        (REAL, FAKE - 1, "fake must be 0 to 3; received values from -1 to 2"),
        (REAL + 1, FAKE, "real must be 0 to 3, -1 where"),
        (0 * REAL - 1, FAKE, "real must hold pixels that have a class"),
        (3, 3, "real must have the shape"),
    ],
)
def test_what_are_no_label_maps_is_refused(real, fake, message):
    with pytest.raises(UsageError, match=message):
        mean_iou(real, fake, 4)
