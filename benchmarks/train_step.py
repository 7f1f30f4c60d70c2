"""Images per second of one training step: kgan's `fit`, the tutorials' step, PyTorch.

All train the same two DCGAN networks at the same batch, interleaved in one run in a turning order,
and the median of the rounds counts. The default recipe's are small, and a step of them is much
overhead: `--generator-width 32 --discriminator-width 32 --latent-dim 32 --batch 32`.

- kgan: `gan.fit` with its data pipeline and Keras's bookkeeping, as it is and with
  `compile(steps_per_execution=10)`;
- tutorial: a Keras `train_step` as the Keras examples write it (fakes twice, one mixed batch for
  the discriminator), on Keras's own layers, with Keras's and TensorFlow's default flags, and once
  more without oneDNN, which TensorFlow leaves off by default on CPUs without AVX512-VNNI;
- torch: PyTorch eager, the updates of its DCGAN example (fakes shared through `detach`), in the
  default layout and in channels_last.

Each has a process of its own, since oneDNN's switch counts only before TensorFlow is imported.

"of matmul" is the share of this machine's own rate for a 2048x2048 float32 matrix product, measured
in the same rounds. The FLOPs are those that the updates need: two a multiply-add of a convolution
or dense layer (products with the padding included, as convolutions are usually counted), once for
each forward pass, gradient by the input and gradient by the weights. PyTorch's example computes the
discriminator's weight gradients in the generator's turn, too, only to drop them.

A `fit` is timed from the end of its first step to that of its last. "outside" is the rest of its
time: the default tf.data pipeline of the tutorial waits there for its autotuner.

    pip install -e ".[bench]"
    python benchmarks/train_step.py --json benchmarks/train_step.json

Nothing else may run: PyTorch's threads wait for each other, and lose most to a busy machine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import os
import platform
import resource
import statistics
import time
from pathlib import Path
from typing import NamedTuple

SIZE = 28
MATMUL = 2048
MATMUL_SIDE = "matrix product"


class Sizes(NamedTuple):
    """What all sides train."""

    generator_width: int
    discriminator_width: int
    latent_dim: int
    batch: int

    def networks(self, module):
        """Generator and discriminator from `kgan.networks.dcgan`."""
        from kgan.signature import Image, Latent, Signature

        image, latent = Image((SIZE, SIZE, 1)), Latent(self.latent_dim)
        return (
            module.DCGAN(self.generator_width).generator(Signature(latent), image),
            module.DCGAN(self.discriminator_width).discriminator(Signature(image)),
        )


def multiply_adds(network) -> list[int]:
    """Multiply-adds of each convolution and dense layer for one image, from input to output."""
    import numpy as np
    from keras import layers

    counts = []
    for layer in network.layers:
        if isinstance(layer, layers.Dense):
            counts.append(int(np.prod(layer.kernel.shape)))
        elif isinstance(layer, layers.Conv2DTranspose):
            counts.append(int(np.prod(layer.kernel.shape) * np.prod(layer.input.shape[1:3])))
        elif isinstance(layer, layers.Conv2D):
            counts.append(int(np.prod(layer.kernel.shape) * np.prod(layer.output.shape[1:3])))
    return counts


def step_flops(generator, discriminator) -> int:
    """FLOPs that the updates of a step need for one real image.

    Generator: forward, gradients by weights and, but for the first layer, by inputs.
    Discriminator: forward and gradients by weights for reals and fakes, by inputs but for the first
    layer; then forward and all gradients by inputs for the generator's turn.
    """
    g, d = multiply_adds(generator), multiply_adds(discriminator)
    generator_part = 3 * sum(g) - g[0]
    discriminator_part = 2 * (3 * sum(d) - d[0]) + 2 * sum(d)
    return 2 * (generator_part + discriminator_part)


class Kgan:
    """One `fit` of `steps` steps a call."""

    steps_per_execution = 1

    def __init__(self, sizes: Sizes):
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
        import kgan
        from kgan.networks import dcgan

        self.gan = kgan.GAN(*sizes.networks(dcgan))
        self.gan.compile(steps_per_execution=self.steps_per_execution)
        self.data = kgan.data.load("fashion_mnist", batch_size=sizes.batch)

    def __call__(self, steps: int) -> float:
        self.outside, seconds = timed_fit(self.gan, self.data, steps)
        return seconds

    def facts(self) -> dict:
        flops = step_flops(self.gan.generator, self.gan.discriminator)
        return {"flops_per_image": flops, **tensorflow_facts(self.gan)}


class KganTenSteps(Kgan):
    """The same, with ten training steps for each call from Python."""

    steps_per_execution = 10


class Matmul:
    """The machine's own rate, in a process of its own, so that its memory counts nowhere."""

    def __init__(self, sizes: Sizes):
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
        import tensorflow as tf

        matrix = tf.random.normal((MATMUL, MATMUL))
        self.product = tf.function(lambda: matrix @ matrix)

    def __call__(self, steps: int) -> float:
        begin = time.perf_counter()
        for _ in range(steps):
            product = self.product()
        product.numpy()
        return time.perf_counter() - begin


def timed_fit(model, data, steps: int) -> tuple[float, float]:
    """Seconds of `fit` outside its steps, and those of `steps` steps."""
    import keras

    ends = []
    mark = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: ends.append(time.perf_counter())
    )
    begin = time.perf_counter()
    more = steps + model.steps_per_execution
    model.fit(data, steps_per_epoch=more, verbose=0, callbacks=[mark])
    seconds = ends[-1] - ends[0]
    return time.perf_counter() - begin - seconds, seconds


def tensorflow_facts(gan) -> dict:
    import keras
    import tensorflow as tf

    weights = gan.generator.trainable_weights + gan.discriminator.trainable_weights
    return {
        "parameters": sum(weight.value.shape.num_elements() for weight in weights),
        "xla": bool(gan.jit_compile),
        "TF_ENABLE_ONEDNN_OPTS": os.environ.get("TF_ENABLE_ONEDNN_OPTS"),
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
    }


class Tutorial:
    """The step of the Keras DCGAN examples, on kgan's networks, with default flags."""

    onednn: str | None = None

    def __init__(self, sizes: Sizes):
        os.environ.pop("TF_ENABLE_ONEDNN_OPTS", None)
        if self.onednn is not None:
            os.environ["TF_ENABLE_ONEDNN_OPTS"] = self.onednn
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
        import keras
        import numpy as np
        import tensorflow as tf

        class TutorialGAN(keras.Model):
            def __init__(self, generator, discriminator):
                super().__init__()
                self.generator, self.discriminator = generator, discriminator
                self.seeds = keras.random.SeedGenerator(0)

            def compile(self, d_optimizer, g_optimizer, loss_fn):
                super().compile()
                self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
                self.loss_fn = loss_fn
                self.d_metric = keras.metrics.Mean(name="d_loss")
                self.g_metric = keras.metrics.Mean(name="g_loss")

            @property
            def metrics(self):
                return [self.d_metric, self.g_metric]

            def train_step(self, real):
                size = tf.shape(real)[0]
                latents = keras.random.normal((size, sizes.latent_dim), seed=self.seeds)
                mixed = tf.concat([self.generator(latents), real], axis=0)
                labels = tf.concat([tf.ones((size, 1)), tf.zeros((size, 1))], axis=0)
                with tf.GradientTape() as tape:
                    d_loss = self.loss_fn(labels, self.discriminator(mixed, training=True))
                weights = self.discriminator.trainable_weights
                self.d_optimizer.apply(tape.gradient(d_loss, weights), weights)
                latents = keras.random.normal((size, sizes.latent_dim), seed=self.seeds)
                with tf.GradientTape() as tape:
                    fakes = self.generator(latents, training=True)
                    logits = self.discriminator(fakes, training=True)
                    g_loss = self.loss_fn(tf.zeros((size, 1)), logits)
                weights = self.generator.trainable_weights
                self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)
                self.d_metric.update_state(d_loss)
                self.g_metric.update_state(g_loss)
                return {"d_loss": self.d_metric.result(), "g_loss": self.g_metric.result()}

        self.gan = TutorialGAN(*sizes.networks(_networks_module()))
        self.gan.compile(
            keras.optimizers.Adam(2e-4, beta_1=0.5),
            keras.optimizers.Adam(2e-4, beta_1=0.5),
            keras.losses.BinaryCrossentropy(from_logits=True),
        )
        file = Path(__file__).parents[1] / "kgan" / "data" / "fashion_mnist_10k.npz"
        images = np.load(file)["image"].reshape(-1, SIZE, SIZE, 1).astype("float32") / 127.5 - 1
        batches = tf.data.Dataset.from_tensor_slices(images).shuffle(1024).batch(sizes.batch, True)
        self.data = batches.repeat()

    def __call__(self, steps: int) -> float:
        self.outside, seconds = timed_fit(self.gan, self.data, steps)
        return seconds

    def facts(self) -> dict:
        return tensorflow_facts(self.gan)


class TutorialWithoutOneDNN(Tutorial):
    """What the default flags mean on a CPU without AVX512-VNNI or the like."""

    onednn = "0"


def _networks_module():
    """`kgan.networks.dcgan`, with TensorFlow imported before `import kgan` switches oneDNN on."""
    before = dict(os.environ)
    import keras
    import tensorflow  # noqa: F401, reads the environment now

    from kgan.networks import dcgan

    os.environ.clear()
    os.environ.update(before)
    for name in ("BatchNormalization", "Conv2D", "Conv2DTranspose", "LeakyReLU"):
        setattr(dcgan, name, getattr(keras.layers, name))
    return dcgan


class Torch:
    """PyTorch eager with the updates of its DCGAN example."""

    channels_last = False

    def __init__(self, sizes: Sizes):
        import numpy as np
        import torch
        from torch import nn

        torch.manual_seed(0)
        torch.set_num_threads(os.cpu_count() or 1)
        g, d, slope, batch = sizes.generator_width, sizes.discriminator_width, 0.2, sizes.batch
        generator = nn.Sequential(
            nn.Linear(sizes.latent_dim, 49 * 2 * g, bias=False),
            nn.Unflatten(1, (2 * g, 7, 7)),
            nn.BatchNorm2d(2 * g),
            nn.ReLU(True),
            nn.ConvTranspose2d(2 * g, g, 4, 2, 1, bias=False),
            nn.BatchNorm2d(g),
            nn.ReLU(True),
            nn.ConvTranspose2d(g, 1, 4, 2, 1),
            nn.Tanh(),
        )
        discriminator = nn.Sequential(
            nn.Conv2d(1, d, 4, 2, 1),
            nn.LeakyReLU(slope, True),
            nn.Conv2d(d, 2 * d, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * d),
            nn.LeakyReLU(slope, True),
            nn.ZeroPad2d((0, 1, 0, 1)),  # 7x7 to 4x4 as TensorFlow pads
            nn.Conv2d(2 * d, 4 * d, 4, 2, 1, bias=False),
            nn.BatchNorm2d(4 * d),
            nn.LeakyReLU(slope, True),
            nn.Flatten(),
            nn.Linear(16 * 4 * d, 1),
        )
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        generator, discriminator = (m.to(memory_format=layout) for m in (generator, discriminator))
        adam = {"lr": 2e-4, "betas": (0.5, 0.999)}
        g_optimizer = torch.optim.Adam(generator.parameters(), **adam)
        d_optimizer = torch.optim.Adam(discriminator.parameters(), **adam)
        criterion = nn.BCEWithLogitsLoss()
        ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)
        file = Path(__file__).parents[1] / "kgan" / "data" / "fashion_mnist_10k.npz"
        images = np.load(file)["image"].reshape(-1, 1, SIZE, SIZE).astype("float32") / 127.5 - 1
        images = torch.from_numpy(images)

        def step():
            real = images[torch.randint(len(images), (batch,))].contiguous(memory_format=layout)
            discriminator.zero_grad()
            criterion(discriminator(real), ones).backward()
            fakes = generator(torch.randn(batch, sizes.latent_dim))
            criterion(discriminator(fakes.detach()), zeros).backward()
            d_optimizer.step()
            generator.zero_grad()
            criterion(discriminator(fakes), ones).backward()
            g_optimizer.step()

        self.step = step
        self.parameters = sum(p.numel() for m in (generator, discriminator) for p in m.parameters())

    def __call__(self, steps: int) -> float:
        begin = time.perf_counter()
        for _ in range(steps):
            self.step()
        return time.perf_counter() - begin

    def facts(self) -> dict:
        import torch

        return {"versions": {"torch": torch.__version__}, "parameters": self.parameters}


class TorchChannelsLast(Torch):
    channels_last = True


SIDES = {
    "kgan fit": Kgan,
    "kgan fit, 10 steps a call": KganTenSteps,
    "Keras tutorial step": Tutorial,
    "the same without oneDNN": TutorialWithoutOneDNN,
    "PyTorch eager": Torch,
    "PyTorch eager, channels_last": TorchChannelsLast,
}


def serve(side, sizes: Sizes, connection) -> None:
    """A side in its own process, idle unless asked for so many steps, or for its facts."""
    side = side(sizes)
    connection.send("ready")
    while (asked := connection.recv()) is not None:
        if asked == "facts":
            # Linux counts KiB, macOS bytes.
            unit = 1 if platform.system() == "Darwin" else 1024
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
            outside = getattr(side, "outside", 0.0)
            connection.send({**side.facts(), "peak_memory_mib": round(peak), "outside": outside})
        else:
            connection.send(side(asked))


def processor() -> str:
    lines = (
        Path("/proc/cpuinfo").read_text().splitlines() if os.path.exists("/proc/cpuinfo") else []
    )
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--generator-width", type=int, default=128)
    parser.add_argument("--discriminator-width", type=int, default=64)
    parser.add_argument("--latent-dim", type=int, default=64)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=30, help="in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, default=Path("train_step.json"))
    arguments = parser.parse_args()
    sizes = Sizes(*(getattr(arguments, name) for name in Sizes._fields))

    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"Warning: the load was {load:.1f} before this began; the ratios mean little.")
    context = mp.get_context("spawn")
    connections = {}
    for name, side in {**SIDES, MATMUL_SIDE: Matmul}.items():
        here, there = context.Pipe()
        process = context.Process(target=serve, args=(side, sizes, there), daemon=True)
        process.start()
        here.recv()
        connections[name] = here

    def ask(name, what):
        connections[name].send(what)
        return connections[name].recv()

    names = list(connections)
    speeds: dict[str, list[float]] = {name: [] for name in names}
    for name in names:  # tracing, autotuning and first allocations
        ask(name, 10)
    for turn in range(arguments.rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            if name == MATMUL_SIDE:
                speeds[name].append(20 * 2 * MATMUL**3 / ask(name, 20))
            else:
                seconds = ask(name, arguments.steps)
                speeds[name].append(arguments.steps * sizes.batch / seconds)
    matmul = speeds.pop(MATMUL_SIDE)
    facts = {name: ask(name, "facts") for name in SIDES}
    for connection in connections.values():
        connection.send(None)
    assert len({fact["parameters"] for fact in facts.values()}) == 1, "the networks are not alike"

    flops = facts["kgan fit"]["flops_per_image"]
    rate = statistics.median(matmul)
    rows = {}
    for name, values in speeds.items():
        # The machine's speed drifts: compare within a round, then take the median.
        ratio = statistics.median(k / v for k, v in zip(speeds["kgan fit"], values, strict=True))
        share = statistics.median(v * flops / m for v, m in zip(values, matmul, strict=True))
        rows[name] = {
            "images_per_second": statistics.median(values),
            "kgan_is_faster_by": ratio,
            "share_of_matmul_rate": share if not issubclass(SIDES[name], Tutorial) else None,
            "rounds": values,
            **facts[name],
        }
    print(f"{processor()}, {os.cpu_count()} cores; {flops / 1e6:.0f} MFLOP an image; ", end="")
    print(f"matrix product {rate / 1e9:.0f} GFLOP/s; ", end="")
    print(f"{arguments.rounds} rounds of {arguments.steps} steps\n{sizes}\n")
    print(f"{'':30s} images/s  kgan is  of matmul  peak MiB  outside s")
    for name, row in rows.items():
        share = row["share_of_matmul_rate"]
        print(
            f"{name:30s} {row['images_per_second']:8.0f}  {row['kgan_is_faster_by']:6.2f}x  "
            f"{'' if share is None else f'{share:.0%}':>9s}  {row['peak_memory_mib']:8d}  "
            f"{row['outside']:9.2f}"
        )
    record = {
        "machine": {"processor": processor(), "cores": os.cpu_count()},
        "system": platform.platform(),
        "python": platform.python_version(),
        "settings": {k: v for k, v in vars(arguments).items() if k != "json"},
        "load_before": load,
        "matmul_flops_per_second": rate,
        "sides": rows,
    }
    arguments.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
