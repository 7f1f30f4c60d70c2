import numpy as np
import pytest

from kgan.callbacks.failure_modes import FAILURE_MODES, Watch

# A snapshot of a healthy run.
HEALTHY = {
    "diversity": 1.0,
    "recall": 0.7,
    "modes": 0.9,
    "separation": 0.7,
    "overfitting": 0.02,
    "train_separation": 0.5,
    "held_out": 256,
    "slope": 0.6,
    "gradient": 1e-2,
    "discriminator_loss": 1.2,
    "chance": 1.386,
    "bound": 560.0,
    "fake_logits_period": 20.0,
    "fake_logits_share": 0.2,
    "fake_logits_ratio": 3.0,
    "fake_logits_amplitude": 0.1,
}
# What a failure mode changes in it, so that nothing else is reported.
FAILING = {
    "collapse": {"diversity": 0.12, "recall": 0.03, "modes": 0.1},
    "oscillation": {"fake_logits_share": 0.8, "fake_logits_ratio": 8.0},
    "discriminator won": {"separation": 0.999, "discriminator_loss": 0.01},
    "overfitting discriminator": {"train_separation": 0.7, "overfitting": 0.4},
    "vanishing gradient": {"separation": 0.95, "slope": 1e-3},
    "divergence": {"discriminator_loss": -4000.0},
}


def seen(*changes):
    """The findings of snapshots that each change the healthy one."""
    watch = Watch()
    for epoch, change in enumerate(changes, 1):
        watch.see({"epoch": epoch, **HEALTHY, **change})
    return [(finding.failure_mode, finding.epoch) for finding in watch.findings]


def test_every_failure_mode_has_a_case():
    assert FAILING.keys() == FAILURE_MODES.keys()


def test_a_healthy_run_has_no_findings():
    assert seen(*[{}] * 20) == []


@pytest.mark.parametrize("name", FAILING)
def test_a_failure_mode_is_reported_once_it_has_held(name):
    snapshots = FAILURE_MODES[name].snapshots
    # Collapse needs three earlier snapshots.
    well = [{}] * 3
    assert seen(*well, *[FAILING[name]] * (snapshots - 1), {}) == []
    assert seen(*well, *[FAILING[name]] * 10) == [(name, 3 + snapshots)]


@pytest.mark.parametrize("name", FAILING)
def test_an_episode_ends_after_as_many_snapshots_without_it(name):
    snapshots = FAILURE_MODES[name].snapshots
    failing, well = [FAILING[name]] * snapshots, [{}] * snapshots
    assert seen(*[{}] * 3, *failing, {}, *failing) == [(name, 3 + snapshots)]
    assert seen(*[{}] * 3, *failing, *well, *failing) == [
        (name, 3 + snapshots),
        (name, 3 + 3 * snapshots),
    ]


@pytest.mark.parametrize("name", FAILING)
def test_words_are_one_line_with_the_evidence_and_what_to_try(name):
    watch = Watch()
    for epoch in range(1, 10):
        watch.see({"epoch": epoch, **HEALTHY, **(FAILING[name] if epoch > 3 else {})})
    (finding,) = watch.findings
    line = str(finding)
    assert line.startswith(f"epoch {finding.epoch}: {name}: ")
    assert "\n" not in line and " Try " in line
    assert all(np.isfinite(value) for value in finding.evidence.values())


def test_the_numbers_of_collapse_are_in_its_words():
    watch = Watch({"epoch": epoch, **HEALTHY, **FAILING["collapse"]} for epoch in range(1, 10))
    assert "diversity is 12% of the reals'" in watch.findings[0].words
    assert "recall 0.03" in watch.findings[0].words


def test_fakes_that_still_spread_are_no_collapse():
    spreading = [{"diversity": 0.05 * k, "modes": 0.03 * k} for k in range(1, 7)]
    assert seen(*spreading) == []
    standing = [{"diversity": 0.3, "modes": 0.18}] * 6
    assert seen(*spreading, *standing)[0][0] == "collapse"


def test_a_loss_without_a_chance_level_has_no_winner():
    assert seen(*[{"separation": 1.0, "chance": 0.0, "discriminator_loss": -3.0}] * 9) == []


def test_few_held_out_images_need_a_clearer_sign():
    few = {"train_separation": 0.7, "overfitting": 0.4, "held_out": 16}
    assert seen(*[few] * 9) == []
    assert seen(*[{**few, "train_separation": 0.95}] * 9) == [("overfitting discriminator", 2)]


def test_a_fallen_gradient_vanishes_whatever_the_slope():
    fallen = {"separation": 0.95, "gradient": 1e-6}
    assert seen({}, *[fallen] * 5) == [("vanishing gradient", 3)]
    # A gradient that has grown is all of its largest, and no more.
    watch = Watch()
    for epoch, gradient in enumerate([1.0, 2.0, 9.0], 1):
        watch.see(
            {"epoch": epoch, **HEALTHY, **FAILING["vanishing gradient"], "gradient": gradient}
        )
    assert "0.10% of the discriminator's" in watch.findings[0].words
    assert "100.00% of its largest so far" in watch.findings[0].words
    # The fakes of a generator that has won need no gradient.
    assert seen({}, *[{**fallen, "separation": 0.5}] * 5) == []


def test_missing_numbers_report_nothing():
    watch = Watch()
    assert watch.see({"epoch": 1}) == []


def test_earlier_snapshots_restore_the_findings():
    snapshots = [{"epoch": epoch, **HEALTHY, **FAILING["divergence"]} for epoch in range(1, 6)]
    watch = Watch(snapshots)
    assert [finding.epoch for finding in watch.findings] == [2]
    assert watch.see({**snapshots[-1], "epoch": 6}) == []  # reported already


def test_nan_is_reported_once():
    watch = Watch()
    (finding,) = watch.broken(4, "generator_loss became nan in epoch 4")
    assert str(finding) == "epoch 4: nan: generator_loss became nan in epoch 4"
    assert watch.broken(5, "again") == []
    assert watch.findings == [finding]


def test_a_generator_that_still_spreads_is_not_beaten():
    beaten = {"separation": 1.0, "discriminator_loss": 0.01}
    learning = [{**beaten, "diversity": 0.4 + 0.05 * k, "modes": 0.4 + 0.05 * k} for k in range(8)]
    assert seen(*learning) == []
    assert seen(*learning, *[{**beaten, "diversity": 0.75, "modes": 0.75}] * 5) == [
        ("discriminator won", 10)
    ]
