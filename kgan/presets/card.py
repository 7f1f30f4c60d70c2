"""The card of a preset: what its README.md says."""

from __future__ import annotations

import dataclasses
import re

from kgan.models.players_model import PlayersModel
from kgan.signature import Field


@dataclasses.dataclass(frozen=True)
class Card:
    """What a preset's README.md says about its training; it leaves out what is None.

    `summary` is a paragraph of Markdown, `figure` a measured quality with its protocol, `seed`
    the run's, `minutes` the training time with the machine.

    Example:
        >>> card = kgan.presets.Card("Garments in 28x28 pixels.", data="fashion_mnist", seed=0)
        >>> gan.save_to_preset("garments_preset", card)
    """

    summary: str
    recipe: str | None = None
    data: str | None = None
    seed: int | None = None
    minutes: str | float | None = None
    figure: str | None = None
    license: str | None = None


def render(name: str, gan: PlayersModel, card: Card, seed: int, n: int) -> str:
    """The Markdown of README.md, for n samples of a seed."""
    made = gan.output_signature[gan.output_name]
    answers = made.answers
    stated = [
        f"| {field.name.capitalize()} | {getattr(card, field.name)} |"
        for field in dataclasses.fields(card)
        if field.name != "summary" and getattr(card, field.name) is not None
    ]
    training = "\n".join(["| Training | |", "|---|---|", *stated, "\n"]) if stated else ""
    fields = gan.input_signature.conditions
    with_kgan = "".join(_line(field, seed, n) for field in fields)
    imported = "import numpy as np\n" if "np." in with_kgan else ""
    arguments = "".join(f", {field.argument}={field.argument}" for field in fields)
    fed = ", ".join(f'"{field.name}": {field.argument}' for field in gan.input_signature.values())
    lines = "".join(_line(field, seed, n) for field in gan.input_signature.values())
    meanings = "".join(f" {field.describe(n)}" for field in fields)
    names = [name for name in gan.networks_by_name if hasattr(gan, f"averaged_{name}")]
    *others, last = (name for name in gan.networks_by_name if name not in names)
    players = " and ".join(names)
    entry = next(iter(gan.entry_points()))
    loader, ask, seeded = "GAN.from_preset", f"generate({n}", f", seed={seed}{arguments}"
    if gan.input_signature.images:
        loader = "zoo.load"
        ask = f"{entry}({', '.join(field.argument for field in gan.input_signature.images)}"
        seeded = f", seed={seed}" * any(field.has_default for field in gan.input_signature.values())
    kept = ", ".join([*(f"the averaged {name}" for name in names), *map("the {}".format, others)])
    starts = "starts as the averaged one" if len(names) == 1 else "start as the averaged ones"
    stored = ""
    for field in gan.input_signature.required:
        stored = f"`{field.argument}.npy` holds the {field.argument} of the samples. "
    return f"""# {name}

{card.summary}

![{n} samples of seed {seed}](samples.png)

{training}## {entry.capitalize()}

```python
{imported}import kgan

gan = kgan.{loader}("{name}")  # this folder, or the name if it came with kgan
{with_kgan}{answers} = gan.{ask}{seeded})
```

{made.describe_answers(n)}{meanings}

The same {answers} without kgan, Keras and TensorFlow:

```python
import numpy as np
import onnxruntime

{lines}session = onnxruntime.InferenceSession("generator.onnx")
{answers} = session.run(["{gan.output_name}"], {{{fed}}})[0]{made.reading}
```

## Files

`model.weights.h5` keeps {kept} and the {last}. A loaded GAN's {players} in
training {starts} and its optimizers anew, so that `fit` goes on, but not
bit for bit. {stored}`SHA256SUMS` holds the SHA-256 of every other file; loading checks them all.
"""


def _line(field: Field, seed: int, n: int) -> str:
    """The line of Python that makes the samples' values of a field, with NumPy alone."""
    source = field.numpy_source()
    if source is None:
        return f'{field.argument} = np.load("{field.argument}.npy")\n'
    source = re.sub(r"\bn\b", str(n), re.sub(r"\bseed\b", str(seed), source))
    return f"{field.argument} = {source.replace('numpy.', 'np.')}\n"
