import dataclasses

import numpy as np
import pytest

import kgan
from kgan.errors import UsageError
from kgan.metrics import (
    Evaluator,
    Score,
    classification,
    diversity,
    frechet,
    inception_score,
    kernel,
    manifold,
    measures,
    memorisation,
    ms_ssim,
    path_length,
    references,
    sliced_wasserstein,
)
from kgan.metrics.extractors import Extractor


def quarters(images):
    return np.asarray(images).reshape(len(images), 2, 8, 2, 8).mean((2, 4)).reshape(-1, 4)


EXTRACTOR = Extractor(
    "quarters", quarters, 4, sha256=64 * "a", classify=lambda x: 9 * quarters(x), classes=4
)
FEATURES_ALONE = Extractor("plain", quarters, 4, sha256=64 * "b")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KGAN_HOME", str(tmp_path))


@pytest.fixture
def data(images):
    return kgan.data.load((images, np.arange(64) % 4), batch_size=8)


@pytest.fixture(scope="module")
def conditional():
    gan = kgan.ConditionalGAN((16, 16, 1), classes=4, latent_dim=8, width=8)
    for variable in gan.averaged_generator.variables:
        if len(variable.shape) > 1:
            variable.assign(10 * variable)
    return gan


def measured(gan, data, *metrics, **arguments):
    arguments = {"samples": 60, "repeats": 2, "extractor": EXTRACTOR, "seed": 5} | arguments
    return Evaluator(data, metrics, **arguments)(gan)


def rounded(images):
    return np.rint((images + 1) * 127.5) / 127.5 - 1


def test_each_repeat_is_the_function_of_the_features_of_its_seed(vivid_gan, data):
    found = measured(vivid_gan, data, "fd")
    real = frechet.statistics(quarters(data.images))
    expected = [
        frechet.frechet_distance(
            real, frechet.statistics(quarters(rounded(vivid_gan.generate(60, seed=seed))))
        )
        for seed in (5, 6)
    ]
    assert found["fd"].values == pytest.approx(expected, rel=1e-4)
    assert found["fd"].deviation == pytest.approx(np.std(expected, ddof=1), rel=1e-2)
    protocol = found["fd"].protocol
    assert (protocol.num_real, protocol.num_fake) == (64, 60)
    assert protocol.extractor == EXTRACTOR.description
    assert protocol.data == references.describe(data)
    assert protocol.sampling == {"bits": 8, "precision": "float32"}


@pytest.mark.slow
def test_every_measure_scores_a_conditional_model(conditional, data):
    needed = {name: measure for name, measure in measures.MEASURES.items() if name != "cas"}
    found = measured(conditional, data, *needed, repeats=1)
    names = [name for measure in needed.values() for name in measure.scores]
    assert [score.name for score in found.scores] == names
    for score in found.scores:
        assert np.isfinite(score.value), score
        assert Score.from_json(score.to_json()) == dataclasses.replace(
            score, protocol=Score.from_json(score.to_json()).protocol
        )
    assert len({str(score.protocol) for score in found.scores}) == len(needed)
    assert found["fd_class"].value == pytest.approx(np.mean(list(found.by_class["fd"].values())))
    assert found["accuracy"].value == pytest.approx(
        np.mean(list(found.by_class["accuracy"].values()))
    )
    assert found.by_class["share of reals"] == {label: 0.25 for label in range(4)}


@pytest.mark.slow
def test_the_classification_accuracy_score(conditional, images):
    labels = np.arange(64) % 4
    shaded = (images * 0.1 + (labels / 2 - 0.75)[:, None, None, None]).astype(np.float32)
    found = measured(conditional, (shaded, labels), "cas", samples=256, repeats=1)
    fakes = rounded(conditional.generate(256, seed=5)).astype(np.float32)
    expected = classification.classification_accuracy_score(
        fakes, np.arange(256) % 4, shaded, labels, 4, 5
    )
    assert found["cas"].value == pytest.approx(expected, abs=0.05)
    assert found["cas"].protocol.settings == {"epochs": 4}
    # Real images whose label is hidden are not asked about; a seed may be any.
    hidden = np.concatenate([shaded, -shaded[:9]]), np.r_[labels, [-1] * 9]
    again = measured(conditional, hidden, "cas", samples=256, repeats=1, seed=5 + 2**31)
    assert 0 <= again["cas"].value <= 1


def test_a_score_is_called_fid_only_with_the_canonical_network(vivid_gan, data):
    canonical = Extractor("inception", quarters, 4, sha256=64 * "c", canonical=True)
    names = Evaluator(data, ["fd_class", "mifid", "kid"], extractor=canonical).directions
    assert list(names) == ["fid_class", "mifid", "kid"]
    evaluator = Evaluator(data, ["fd", "fd_inf"], samples=60, extractor=canonical, repeats=1)
    assert evaluator.directions == {"fid": True, "fid_inf": True}
    assert [score.name for score in evaluator(vivid_gan).scores] == ["fid", "fid_inf"]


def test_transparent_images_are_scored_on_white(images, tmp_path):
    """As the same images laid on white before: reals, fakes, and those of measures of pixels."""
    colours = np.concatenate([images, images[::-1], -images, images], -1)
    gan = kgan.DCGAN((16, 16, 4), latent_dim=8, width=8)
    for variable in gan.averaged_generator.variables:
        if len(variable.shape) > 1:
            variable.assign(10 * variable)
    extractor = Extractor(
        "means", lambda x: np.asarray(x).mean((1, 2)), 3, image_shape=(None, None, 3), sha256="a"
    )
    data = kgan.data.load(colours, batch_size=8)
    found = measured(gan, data, "fd", "swd", "ms_ssim", extractor=extractor, repeats=1)

    def on_white(images):
        return 1 + (images[..., :3] - 1) * (images[..., 3:] + 1) / 2

    real, fake = (on_white(side) for side in (colours, rounded(gan.generate(60, seed=5))))
    sides = (frechet.statistics(side.mean((1, 2))) for side in (real, fake))
    assert found["fd"].value == pytest.approx(frechet.frechet_distance(*sides), rel=1e-3)
    pyramids = [sliced_wasserstein.PatchPyramid(128, 14, 5) for _ in range(2)]
    pyramids[0].add(real[references.even_indices(64, 60)].astype(np.float32))
    pyramids[1].add(fake.astype(np.float32))
    levels = sliced_wasserstein.level_distances(*pyramids, 512, 5)
    assert found["swd"].value == pytest.approx(np.mean(list(levels.values())), rel=1e-3)
    for score in found.scores:
        assert "|background=white|" in str(score.protocol)
    # What was made of the images on another background is refused.
    made = references.of(data, extractor)
    other = dataclasses.replace(made, extractor={**made.extractor, "background": "black"})
    with pytest.raises(UsageError, match="extractor.background is 'black', not 'white'"):
        measured(gan, None, "fd", extractor=extractor, reference=other)


def test_a_reference_stands_for_the_data(vivid_gan, data):
    made = references.of(data, EXTRACTOR, cache=False)
    found = measured(vivid_gan, None, "fd", reference=made)
    assert found["fd"] == measured(vivid_gan, data, "fd")["fd"]
    with pytest.raises(UsageError, match="reference was computed with another protocol"):
        measured(vivid_gan, None, "fd", reference=made, extractor=FEATURES_ALONE)


def test_truncation_is_of_the_protocol(vivid_gan, data):
    found = measured(vivid_gan, data, "diversity", truncation=0.5)
    assert found["diversity"].protocol.sampling["truncation"] == 0.5
    assert found["diversity"].value < measured(vivid_gan, data, "diversity")["diversity"].value


def test_progress_counts_the_images_of_all_repeats(vivid_gan, data):
    seen = []
    evaluator = Evaluator(data, "fd", samples=150, repeats=2, extractor=EXTRACTOR)
    evaluator(vivid_gan, lambda done, total: seen.append((done, total)))
    assert seen == [(100, 300), (150, 300), (250, 300), (300, 300)]


def test_no_more_images_than_a_batch_at_once(vivid_gan, data):
    sizes = []

    def counted(images):
        sizes.append(len(images))
        return quarters(images)

    extractor = Extractor("counted", counted, 4)
    measured(vivid_gan, data, "fd", "kid", "pr", samples=250, repeats=1, extractor=extractor)
    assert max(sizes) <= 100


def test_vectors_as_conditions(data):
    gan = kgan.ConditionalGAN((16, 16, 1), condition_dim=3, latent_dim=8, width=8)
    vectors = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    with pytest.raises(UsageError, match="conditions must be given"):
        measured(gan, data, "diversity")
    assert measured(gan, data, "diversity", inputs={"conditions": vectors})["diversity"].value > 0


@pytest.mark.parametrize(
    ("metrics", "change", "message"),
    [
        (["fd"], {"samples": 1}, "samples must be an integer of at least 2"),
        (["fd"], {"repeats": 0}, "repeats must be an integer of at least 1"),
        (["fd"], {"seed": -1}, "seed must be an integer"),
        (["fdd"], {}, "metrics='fdd' is unknown.*Did you mean 'fd'"),
        ([], {}, "metrics must be a list of one or more of"),
        (None, {}, "metrics must be a list of one or more"),
        (["accuracy"], {}, "metrics='accuracy' needs a model that is asked for classes"),
        (["is"], {"extractor": FEATURES_ALONE}, "must predict classes for 'is'"),
        (["fd"], {"extractor": "judge"}, "extractor='judge' is unknown"),
        (["fd"], {"extractor": "judge_fashion_mnist"}, r"must have the shape \(batch, 28, 28, 1\)"),
        (["pr"], {"samples": 3}, "samples must be at least 4 for 'pr'; received 3"),
        (["fd"], {"reference": "a.npz"}, "reference must be a kgan.metrics.Reference"),
        (
            ["fd"],
            {"inputs": {"conditions": [0, 3]}},
            "conditions must be finite numbers of the shape",
        ),
        (["fd"], {"inputs": {"conditions": [[1.0]]}}, "conditions must be None"),
        (["fd"], {"extractor": lambda images: 0 * quarters(images)}, "must vary"),
        (["fd"], {"truncation": 0}, "truncation"),
        (["fd_inf"], {"samples": 10}, "samples must be at least 24 for 'fd_inf'; received 10"),
    ],
)
def test_bad_input(vivid_gan, data, metrics, change, message):
    change = {"samples": 60, "extractor": EXTRACTOR} | change
    with pytest.raises(UsageError, match=message):
        Evaluator(data, metrics, **change)(vivid_gan)


@pytest.mark.parametrize("metric", ["fd", "swd"])
def test_real_images_must_be_given(vivid_gan, metric):
    with pytest.raises(UsageError, match="data must be given"):
        measured(vivid_gan, None, metric)


def test_data_without_labels(conditional, images):
    for metric in ("fd_class", "cas"):
        with pytest.raises(UsageError, match=f"data must have labels for '{metric}'"):
            measured(conditional, images, metric)


def test_a_single_score_by_name(vivid_gan, data):
    found = measured(vivid_gan, data, "fd", repeats=1)
    assert found["fd"].deviation is None
    with pytest.raises(KeyError):
        found["kid"]


WIRED = {
    "fd_inf": lambda real, fake: frechet.frechet_distance_infinite(
        frechet.statistics(real), fake, seed=5
    )[:1],
    "kid": lambda real, fake: kernel.kernel_distance(real, fake, 100, 30, 5)[:1],
    "mifid": lambda real, fake: (memorisation.mifid(real, fake),),
    "is": lambda real, fake: inception_score.inception_score(9 * fake, 10, 5)[:1],
    "pr": lambda real, fake: manifold.precision_recall(real, fake, 3),
    "dc": lambda real, fake: manifold.density_coverage(real, fake, 5),
    "diversity": lambda real, fake: (diversity.mean_pairwise_distance(fake),),
}


@pytest.mark.parametrize("metric", WIRED)
def test_each_measure_is_its_function(vivid_gan, data, metric):
    found = measured(vivid_gan, data, metric, repeats=1)
    fake = quarters(rounded(vivid_gan.generate(60, seed=5)))
    expected = WIRED[metric](quarters(data.images), fake)
    assert [score.value for score in found.scores] == pytest.approx(expected, rel=1e-3)


def test_measures_of_images_are_their_functions(vivid_gan, data):
    found = measured(vivid_gan, data, "swd", "ms_ssim", "ppl", repeats=1)
    fakes = rounded(vivid_gan.generate(60, seed=5)).astype(np.float32)
    levels = sliced_wasserstein.pyramid_distances(data.images[:60], fakes, seed=5, smallest=14)
    # All of the 64 real images but four, drawn.
    assert found["swd"].value == pytest.approx(np.mean(list(levels.values())), rel=0.2)
    assert found["ms_ssim"].value == pytest.approx(
        ms_ssim.ms_ssim_diversity(fakes, seed=5), rel=1e-4
    )
    expected = path_length.path_length(
        vivid_gan, path_length.feature_distance(EXTRACTOR), 60, 1e-4, 5
    )
    assert found["ppl"].value == pytest.approx(expected)
    # Its ways are neither truncated nor rounded.
    assert found["ppl"].protocol.sampling == {"precision": "float32"}


def test_the_kernel_distance_states_its_error(vivid_gan, data):
    found = measured(vivid_gan, data, "kid")["kid"]
    fakes = [quarters(rounded(vivid_gan.generate(60, seed=seed))) for seed in (5, 6)]
    errors = [
        kernel.kernel_distance(quarters(data.images), fake, 100, 30, seed)[1]
        for fake, seed in zip(fakes, (5, 6), strict=True)
    ]
    assert found.error == pytest.approx(np.mean(errors), rel=1e-2)
    assert found.protocol.settings == {"subsets": 100, "subset_size": 30, "degree": 3}


def test_the_real_images_are_drawn_from_all(vivid_gan, images):
    """Sorted by class, the first ones would be of the first classes alone."""
    bright = np.sort(images.mean((1, 2, 3)))
    shades = np.broadcast_to(bright[:, None, None, None], images.shape).astype(np.float32)
    data = kgan.data.load(shades, batch_size=1)
    made = references.of(data, EXTRACTOR, samples=8, cache=False)
    assert made.features[:, 0].max() > np.median(bright) > made.features[:, 0].min()
    assert np.array_equal(made.features, quarters(data.at(references.even_indices(64, 8))))


def test_a_reference_of_other_images_is_refused(vivid_gan, data, images):
    other = references.of(kgan.data.load(images[:20], batch_size=1), EXTRACTOR, cache=False)
    with pytest.raises(UsageError, match="another protocol: data.sha256 is"):
        measured(vivid_gan, data, "fd", reference=other)
    shape = dataclasses.replace(other, data={**other.data, "shape": [8, 8, 1]})
    with pytest.raises(UsageError, match=r"data.shape is \[8, 8, 1\], not \[16, 16, 1\]"):
        measured(vivid_gan, None, "fd", reference=shape)


def test_classes_that_are_not_the_models(data):
    gan = kgan.ConditionalGAN((16, 16, 1), classes=7, latent_dim=8, width=8)
    with pytest.raises(UsageError, match="must predict the model's 7 classes for 'accuracy'"):
        measured(gan, data, "accuracy")
    assert "accuracy" not in measured(gan, data, "diversity").by_class


def test_classes_of_other_data_are_left_out(vivid_gan, data):
    strange = Extractor(
        "q", quarters, 4, classify=lambda x: 9 * quarters(x), classes=4, classes_of="digits"
    )
    assert measured(vivid_gan, data, "fd", extractor=strange).by_class == {}
    assert set(measured(vivid_gan, data, "fd").by_class) == {"share of fakes", "share of reals"}


def test_classes_with_one_image_have_no_distance(conditional, data):
    found = measured(conditional, data, "pr", samples=5, repeats=1)
    assert list(found.by_class["fd"]) == [0]


def test_vectors_are_of_the_protocol(data):
    gan = kgan.ConditionalGAN((16, 16, 1), condition_dim=3, latent_dim=8, width=8)
    zeros, ones = np.zeros((2, 3)), np.ones((2, 3))
    found = [
        measured(gan, data, "diversity", inputs={"conditions": vectors})["diversity"].protocol
        for vectors in (zeros, ones)
    ]
    (difference,) = found[0].differences(found[1])
    assert difference.startswith("sampling.conditions is ")


def test_only_gans_are_measured(data):
    import keras

    with pytest.raises(UsageError, match="gan must be a GAN of kgan; received Sequential"):
        measured(keras.Sequential(), data, "fd")
