"""Failure modes of a GAN's training: rules and messages. Pure Python.

A snapshot is a dict of numbers: an `epoch` and what `kgan.callbacks.Health.measure` returns. An
indicator takes all snapshots so far, the newest last. It returns the evidence for a failure mode in
the newest snapshot, or None; a missing number is no evidence. The thresholds were chosen on runs of
`benchmarks/health.py` with other seeds than those that RESULTS.md reports.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Protocol

SERIES = ("discriminator_loss", "generator_loss", "real_logits", "fake_logits")

Snapshot = dict[str, float]
Evidence = dict[str, float]


@dataclasses.dataclass(frozen=True)
class Finding:
    """A failure mode detected in an epoch: its name, a message and the numbers behind it."""

    epoch: int
    failure_mode: str
    words: str
    evidence: Evidence

    def __str__(self) -> str:
        return f"epoch {self.epoch}: {self.failure_mode}: {self.words}"


class Indicator(Protocol):
    """The evidence for a failure mode in the newest snapshot, or None."""

    def __call__(self, snapshots: list[Snapshot]) -> Evidence | None: ...


def collapse(snapshots: list[Snapshot]) -> Evidence | None:
    """The fakes lack diversity or cover few of the reals' clusters, and no longer improve."""
    snapshot = snapshots[-1]
    if not _has(snapshot, "diversity", "modes", "recall"):
        return None
    if snapshot["diversity"] > 0.35 and snapshot["modes"] > 0.35:
        return None
    # Early in training all fakes look alike.
    if _spreading(snapshots):
        return None
    return {name: snapshot[name] for name in ("diversity", "recall", "modes")}


def strongest_line(snapshot: Snapshot) -> Evidence | None:
    """The spectral line with the largest share of variance among those above red noise."""
    lines = [
        {key: snapshot[f"{name}_{key}"] for key in ("period", "share", "ratio", "amplitude")}
        for name in SERIES
        if _has(snapshot, f"{name}_share")
    ]
    lines = [line for line in lines if line["ratio"] > 4.0]
    return max(lines, key=lambda line: line["share"], default=None)


def oscillation(snapshots: list[Snapshot]) -> Evidence | None:
    """One spectral line holds most of a series' variance and stands out from red noise."""
    line = strongest_line(snapshots[-1])
    return line if line and line["share"] > 0.65 else None


def won(snapshots: list[Snapshot]) -> Evidence | None:
    """The discriminator ranks almost every real above every fake, and its loss is near zero."""
    snapshot = snapshots[-1]
    if not _has(snapshot, "separation", "discriminator_loss", "chance") or snapshot["chance"] <= 0:
        return None
    left = snapshot["discriminator_loss"] / snapshot["chance"]
    # Early in training fakes are easy to tell apart, and the generator learns from that.
    if snapshot["separation"] < 0.97 or left > 0.25 or _spreading(snapshots):
        return None
    return {"separation": snapshot["separation"], "loss_left": left}


def overfitting(snapshots: list[Snapshot]) -> Evidence | None:
    """The discriminator separates training images from held-out ones."""
    snapshot = snapshots[-1]
    if not _has(snapshot, "overfitting", "train_separation", "held_out"):
        return None
    # Four standard errors of the AUC of two equal distributions, at least 0.1.
    margin = max(0.1, 4 * (snapshot["held_out"] * 6) ** -0.5)
    if snapshot["train_separation"] < 0.5 + margin or snapshot["overfitting"] < 0.1:
        return None
    return {
        "train_separation": snapshot["train_separation"],
        "overfitting": snapshot["overfitting"],
    }


def vanishing(snapshots: list[Snapshot]) -> Evidence | None:
    """Fakes are rejected, and the loss passes almost none of the discriminator's gradient on."""
    snapshot = snapshots[-1]
    if not _has(snapshot, "slope", "separation", "gradient"):
        return None
    first = max(past.get("gradient", 0.0) for past in snapshots[:3])
    fallen = snapshot["gradient"] / first if first else 1.0
    if snapshot["separation"] < 0.9 or (snapshot["slope"] > 0.03 and fallen > 1e-3):
        return None
    largest = max(past.get("gradient", 0.0) for past in snapshots)
    share = snapshot["gradient"] / largest if largest else 0.0
    return {"slope": snapshot["slope"], "gradient": snapshot["gradient"], "of_largest": share}


def divergence(snapshots: list[Snapshot]) -> Evidence | None:
    """The discriminator's loss exceeds its bound."""
    snapshot = snapshots[-1]
    if not _has(snapshot, "discriminator_loss", "bound"):
        return None
    size = abs(snapshot["discriminator_loss"])
    if size < snapshot["bound"]:
        return None
    return {"discriminator_loss": snapshot["discriminator_loss"], "bound": snapshot["bound"]}


def _spreading(snapshots: list[Snapshot]) -> bool:
    """Whether diversity still grows: beyond all snapshots before the last three, if any."""
    if len(snapshots) < 4:
        return True
    return any(
        snapshots[-1].get(name, 0.0)
        > 1.15 * max(snapshot.get(name, 0.0) for snapshot in snapshots[:-3]) + chance
        for name, chance in (("diversity", 0.01), ("modes", 0.03))
    )


def _has(snapshot: Snapshot, *names: str) -> bool:
    return all(name in snapshot for name in names)


# -- messages ----------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class FailureMode:
    """A failure mode: reported when `indicator` has held in `snapshots` consecutive snapshots.

    `words` is a format string for the evidence: what was measured, what it means, what to try.
    """

    indicator: Indicator
    snapshots: int
    words: str


FAILURE_MODES = {
    "collapse": FailureMode(
        collapse,
        snapshots=3,
        words=(
            "the fakes' diversity is {diversity:.0%} of the reals', and they cover {modes:.0%} of "
            "the reals' modes (recall {recall:.2f}): the generator makes the same few images "
            "whatever the latent. Try "
            'penalties=["r1", "r2"], loss="relativistic", a lower learning rate of the '
            "generator_optimizer, or kgan.PacGAN."
        ),
    ),
    "oscillation": FailureMode(
        oscillation,
        snapshots=2,
        words=(
            "the losses or logits oscillate with a period of {period:.0f} steps, which explains "
            "{share:.0%} of their variance: the players chase each other without converging. Try "
            'penalties=["r1"], lower learning rates, less momentum (beta_1=0 in Adam), or a '
            "discriminator with more capacity; the averaged generator suffers least."
        ),
    ),
    "discriminator won": FailureMode(
        won,
        snapshots=2,
        words=(
            "the discriminator ranks the real above the fake in {separation:.1%} of all pairs, and "
            "its loss has fallen to {loss_left:.1%} of chance level: the generator learns only "
            "that everything is wrong. Try a lower learning rate of the discriminator_optimizer, "
            'discriminator_steps=1, penalties=["r1"], augment="diffaugment" where images are few, '
            "or a smaller discriminator."
        ),
    ),
    "overfitting discriminator": FailureMode(
        overfitting,
        snapshots=2,
        words=(
            "the discriminator ranks the training image above the held-out one in "
            "{train_separation:.0%} of all pairs, where 50% is chance, and its mean logit of "
            "held-out images lies {overfitting:.0%} of the way to that of fakes: it overfits, and "
            "will teach the generator to copy training images. Try "
            'augment="diffaugment", more images, a smaller discriminator, penalties=["r1"], or '
            "stop here."
        ),
    ),
    "vanishing gradient": FailureMode(
        vanishing,
        snapshots=2,
        words=(
            "{slope:.2%} of the discriminator's gradient gets through the loss to the generator, "
            "whose own is {of_largest:.2%} of its largest so far, though its fakes are rejected: "
            'it hardly learns any more. Try loss="non_saturating" or "hinge", penalties=["r1"], a '
            "lower learning rate of the discriminator_optimizer, or discriminator_steps=1."
        ),
    ),
    "divergence": FailureMode(
        divergence,
        snapshots=2,
        words=(
            "the discriminator's loss is {discriminator_loss:.3g}, beyond the bound of "
            "{bound:.3g}: the players drive each other's weights up without limit. Try lower "
            'learning rates, and penalties=["r1", "r2"], or ["gradient_penalty"] with the '
            "Wasserstein loss."
        ),
    ),
}


def range_words(low: float, high: float, lowest_real: float) -> list[str]:
    """What to say of fakes that leave [-1, 1], or never go below 0 where the reals do."""
    seen = f"the fakes' pixels go from {low:.2g} to {high:.2g}, but"
    fix = 'End the generator in activation="tanh".'
    if low < -1.05 or high > 1.05:
        return [f"{seen} images lie in [-1, 1]. {fix}"]
    if low >= 0 and lowest_real < -0.5:
        return [f"{seen} the reals begin at {lowest_real:.2g}. {fix}"]
    return []


class Watch:
    """Checks each new snapshot and reports each failure mode once per episode.

    An episode begins when an indicator has held in as many consecutive snapshots as its failure
    mode requires. It ends after as many without it.

    Attributes:
        snapshots: all so far.
        findings: what was detected.
    """

    def __init__(self, snapshots: Iterable[Snapshot] = ()):
        self.snapshots: list[Snapshot] = []
        self.findings: list[Finding] = []
        self._holds = {name: 0 for name in FAILURE_MODES}  # consecutive snapshots; negative without
        self._active: set[str] = set()
        for snapshot in snapshots:
            self.see(snapshot)

    def see(self, snapshot: Snapshot) -> list[Finding]:
        """The new findings after a further snapshot; its `epoch` counts from 1."""
        self.snapshots.append(snapshot)
        found = []
        for name, mode in FAILURE_MODES.items():
            evidence = mode.indicator(self.snapshots)
            holds = self._holds[name]
            self._holds[name] = max(holds, 0) + 1 if evidence else min(holds, 0) - 1
            if self._holds[name] <= -mode.snapshots:
                self._active.discard(name)
            if evidence and self._holds[name] >= mode.snapshots and name not in self._active:
                self._active.add(name)
                words = mode.words.format(**evidence)
                found.append(Finding(int(snapshot["epoch"]), name, words, evidence))
        self.findings += found
        return found

    def note(self, epoch: int, failure_mode: str, words: Iterable[str]) -> list[Finding]:
        """Adds findings that no snapshot shows, one for each message, once for a failure mode."""
        if any(finding.failure_mode == failure_mode for finding in self.findings):
            return []
        found = [Finding(epoch, failure_mode, each, {}) for each in words]
        self.findings += found
        return found

    def broken(self, epoch: int, words: str) -> list[Finding]:
        """Reports the first time that a loss or weight is NaN or infinite."""
        if "nan" in self._active:
            return []
        self._active.add("nan")
        self.findings.append(Finding(epoch, "nan", words, {}))
        return self.findings[-1:]
