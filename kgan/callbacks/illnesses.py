"""What the signs of a training add up to, in words. Pure Python.

A look is a dict of numbers, as `kgan.callbacks.Health.measure` gives them and its `epoch`. A sign
takes all looks so far, the newest last, and gives the evidence that an illness shows in the newest
one, or None; a look that lacks a number shows nothing. The thresholds were chosen on runs of
`benchmarks/health.py` with other seeds than those whose figures RESULTS.md gives.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Protocol

SERIES = ("discriminator_loss", "generator_loss", "real_logits", "fake_logits")

Look = dict[str, float]
Evidence = dict[str, float]


@dataclasses.dataclass(frozen=True)
class Finding:
    """What was seen in an epoch: `illness`, its short name; `words`; `evidence`, the numbers."""

    epoch: int
    illness: str
    words: str
    evidence: Evidence

    def __str__(self) -> str:
        return f"epoch {self.epoch}: {self.illness}: {self.words}"


class Sign(Protocol):
    """From looks to the evidence of an illness in the newest, or None."""

    def __call__(self, looks: list[Look]) -> Evidence | None: ...


def collapse(looks: list[Look]) -> Evidence | None:
    """The fakes are too much alike, or reach few of the reals' cells, and spread no further."""
    look = looks[-1]
    if not _has(look, "diversity", "modes", "recall"):
        return None
    if look["diversity"] > 0.35 and look["modes"] > 0.35:
        return None
    # In the beginning all fakes are alike.
    if _spreading(looks):
        return None
    return {name: look[name] for name in ("diversity", "recall", "modes")}


def strongest_swing(look: Look) -> Evidence | None:
    """The line with the largest share of its series, of those that stand out of red noise."""
    lines = [
        {key: look[f"{name}_{key}"] for key in ("period", "share", "ratio", "amplitude")}
        for name in SERIES
        if _has(look, f"{name}_share")
    ]
    swings = [line for line in lines if line["ratio"] > 4.0]
    return max(swings, key=lambda line: line["share"], default=None)


def oscillation(looks: list[Look]) -> Evidence | None:
    """One line of a series' spectrum holds most of its variance and stands out of red noise."""
    swing = strongest_swing(looks[-1])
    return swing if swing and swing["share"] > 0.65 else None


def won(looks: list[Look]) -> Evidence | None:
    """Hardly a fake is above a real in the discriminator's eyes, and its loss is almost used up."""
    look = looks[-1]
    if not _has(look, "separation", "discriminator_loss", "chance") or look["chance"] <= 0:
        return None
    left = look["discriminator_loss"] / look["chance"]
    # In the beginning fakes are easily told, but the generator learns from that.
    if look["separation"] < 0.97 or left > 0.25 or _spreading(looks):
        return None
    return {"separation": look["separation"], "loss_left": left}


def memorised(looks: list[Look]) -> Evidence | None:
    """Training reals are told from held-out ones."""
    look = looks[-1]
    if not _has(look, "memorised", "recognised", "held_out"):
        return None
    # Four standard errors of a share of pairs that nothing tells apart, at least 0.1.
    margin = max(0.1, 4 * (look["held_out"] * 6) ** -0.5)
    if look["recognised"] < 0.5 + margin or look["memorised"] < 0.1:
        return None
    return {"recognised": look["recognised"], "memorised": look["memorised"]}


def vanishing(looks: list[Look]) -> Evidence | None:
    """The loss lets almost nothing of the discriminator's gradient through to rejected fakes."""
    look = looks[-1]
    if not _has(look, "slope", "separation", "gradient"):
        return None
    first = max(past.get("gradient", 0.0) for past in looks[:3])
    fallen = look["gradient"] / first if first else 1.0
    if look["separation"] < 0.9 or (look["slope"] > 0.03 and fallen > 1e-3):
        return None
    largest = max(past.get("gradient", 0.0) for past in looks)
    share = look["gradient"] / largest if largest else 0.0
    return {"slope": look["slope"], "gradient": look["gradient"], "of_largest": share}


def divergence(looks: list[Look]) -> Evidence | None:
    """The discriminator's loss is out of all proportion."""
    look = looks[-1]
    if not _has(look, "discriminator_loss", "bound"):
        return None
    size = abs(look["discriminator_loss"])
    if size < look["bound"]:
        return None
    return {"discriminator_loss": look["discriminator_loss"], "bound": look["bound"]}


def _spreading(looks: list[Look]) -> bool:
    """Whether the fakes are less alike than in any look before the last three, or none is older."""
    if len(looks) < 4:
        return True
    return any(
        looks[-1].get(name, 0.0) > 1.15 * max(look.get(name, 0.0) for look in looks[:-3]) + chance
        for name, chance in (("diversity", 0.01), ("modes", 0.03))
    )


def _has(look: Look, *names: str) -> bool:
    return all(name in look for name in names)


# -- words -------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Illness:
    """How an illness is told: `sign` must hold in `looks` looks running, then `words` is said.

    `words` is a format for the evidence: what is seen, what it means, what to try.
    """

    sign: Sign
    looks: int
    words: str


ILLNESSES = {
    "collapse": Illness(
        collapse,
        looks=3,
        words=(
            "the fakes' diversity is {diversity:.0%} of the reals', and they spread over "
            "{modes:.0%} of the kinds of image that the reals have (recall {recall:.2f}): whatever "
            "the latent, the generator makes a few images again and again. Try "
            'penalties=["r1", "r2"], loss="relativistic", a lower learning rate of the '
            "generator_optimizer, or kgan.PacGAN."
        ),
    ),
    "oscillation": Illness(
        oscillation,
        looks=2,
        words=(
            "the losses or logits swing with a period of {period:.0f} steps, which is {share:.0%} "
            "of their movement: the players chase each other in a circle and get no nearer. Try "
            'penalties=["r1"], lower learning rates, less momentum (beta_1=0 in Adam), or a '
            "discriminator that sees more; the averaged generator suffers least."
        ),
    ),
    "discriminator won": Illness(
        won,
        looks=2,
        words=(
            "the discriminator tells {separation:.1%} of the pairs of a real and a fake apart, and "
            "{loss_left:.1%} of its loss is left: the generator is beaten, and hears only that all "
            "it makes is wrong. Try a lower learning rate of the discriminator_optimizer, "
            'discriminator_steps=1, penalties=["r1"], augment="diffaugment" where images are few, '
            "or a smaller discriminator."
        ),
    ),
    "memorised": Illness(
        memorised,
        looks=2,
        words=(
            "the discriminator prefers {recognised:.0%} of the training images to held-out ones, "
            "where 50% is fair, and its answer to those lies {memorised:.0%} of the way to fakes: "
            "it knows its images by heart, and will teach the generator to copy them. Try "
            'augment="diffaugment", more images, a smaller discriminator, penalties=["r1"], or '
            "stop here."
        ),
    ),
    "vanishing gradient": Illness(
        vanishing,
        looks=2,
        words=(
            "{slope:.2%} of the discriminator's gradient gets through the loss to the generator, "
            "whose own is {of_largest:.2%} of its largest so far, though its fakes are rejected: "
            'it hardly learns any more. Try loss="non_saturating" or "hinge", penalties=["r1"], a '
            "lower learning rate of the discriminator_optimizer, or discriminator_steps=1."
        ),
    ),
    "divergence": Illness(
        divergence,
        looks=2,
        words=(
            "the discriminator's loss is {discriminator_loss:.3g}, where {bound:.3g} would be "
            "much: the players drive each other beyond all bounds. Try lower learning rates, and "
            'penalties=["r1", "r2"], or ["gradient_penalty"] with the Wasserstein loss.'
        ),
    ),
}


class Watch:
    """Looks at the looks as they come, and says each illness once an episode.

    An episode begins when the illness's sign has held in so many looks running as the illness asks
    for, and ends after as many without it.

    Attributes:
        looks: all so far.
        findings: what they told.
    """

    def __init__(self, looks: Iterable[Look] = ()):
        self.looks: list[Look] = []
        self.findings: list[Finding] = []
        self._holds = {name: 0 for name in ILLNESSES}  # looks running, below 0 without the sign
        self._ill: set[str] = set()
        for look in looks:
            self.see(look)

    def see(self, look: Look) -> list[Finding]:
        """The findings that a further look brings; it has its `epoch`, from 1."""
        self.looks.append(look)
        found = []
        for name, illness in ILLNESSES.items():
            evidence = illness.sign(self.looks)
            holds = self._holds[name]
            self._holds[name] = max(holds, 0) + 1 if evidence else min(holds, 0) - 1
            if self._holds[name] <= -illness.looks:
                self._ill.discard(name)
            if evidence and self._holds[name] >= illness.looks and name not in self._ill:
                self._ill.add(name)
                words = illness.words.format(**evidence)
                found.append(Finding(int(look["epoch"]), name, words, evidence))
        self.findings += found
        return found

    def broken(self, epoch: int, words: str) -> list[Finding]:
        """The finding that a loss or weight is no longer a number, the first time."""
        if "nan" in self._ill:
            return []
        self._ill.add("nan")
        self.findings.append(Finding(epoch, "nan", words, {}))
        return self.findings[-1:]
