"""CUT: images to images one way, learned without pairs by contrasting patches."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kgan.checks import check_integer
from kgan.models.translation import SOURCE, TARGET
from kgan.models.unpaired_translation import UnpairedTranslation
from kgan.networks import ImageDiscriminator, PatchProjection, Translator
from kgan.terms import Term, terms as known_terms


@keras.saving.register_keras_serializable(package="kgan")
class CUT(UnpairedTranslation):
    """Translates images one way; learns from two kinds of images without pairs.

    A patch of a translation must tell its own patch of the source from the others of the same
    source. They are compared by what the generator's encoder sees there, on several layers
    (`Translator.features`), after heads that learn with the generator. The term `nce` does so for
    sources, `identity` for targets, which are to stay as they are; None leaves that out. `patches`
    is the number of places per image and layer, all if there are fewer.

    Example:
        >>> networks = kgan.networks.ResNetTranslator(width=8, blocks=2)
        >>> gan = kgan.CUT(channels=3, patches=64, generator_network=networks)
        >>> gan.compile()
        >>> gan.fit(kgan.data.unpaired("photos", "maps", resolution=64, batch_size=4), epochs=1)

    Raises:
        UsageError: an argument out of range, an unknown name, or a generator without features.

    Park, Efros, Zhang & Zhu, "Contrastive Learning for Unpaired Image-to-Image Translation", 2020,
    arXiv:2007.15651, equation 5. Like its code, this takes the mean over the layers.
    """

    def __init__(
        self,
        channels: int = 3,
        nce: str | Term = "patch_nce",
        identity: str | Term | None = "patch_nce",
        patches: int = 256,
        generator_network: str | Translator = "resnet",
        discriminator_network: str | ImageDiscriminator = "patchgan",
        head_network: PatchProjection | None = None,
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        networks = generator_network, discriminator_network
        super().__init__(channels, *networks, ema_halflife_images, seed, dtype, name)
        self.nce = known_terms.get(nce)
        self.identity = None if identity is None else known_terms.get(identity)
        self.patches = check_integer("patches", patches, 1)
        self.head_network = head_network or PatchProjection()
        encoders = [
            keras.Model(generator.inputs[0], self.generator_network.features(generator))
            for generator in (self.averaged_generator, self.generator)
        ]
        widths = {name: features.shape[-1] for name, features in encoders[0].output.items()}
        heads = self.head_network.network(widths, self.seed, self.precision)
        self.add_networks("generator", heads=heads)
        # Bare methods: models would be tracked, and saved a second time.
        self._encode = [encoder.__call__ for encoder in encoders]

    @property
    def terms(self) -> tuple[Term, ...]:
        """That of sources, and that of targets, if there is one."""
        return (self.nce,) if self.identity is None else (self.nce, self.identity)

    def contrasted(self, images, made, training: bool) -> list[tuple[Any, Any]]:
        """For each layer two `(batch, patches, units)`: of images, and of what was made of them."""
        seeds = self.training_seeds if training else self.evaluation_seeds
        seen = [self._encode[training](each, training=training) for each in (images, made)]
        sides: list[dict[str, Any]] = [{}, {}]
        for name, features in seen[0].items():
            places = tf.range(tf.reduce_prod(tf.shape(features)[1:3]))
            places = keras.random.shuffle(places, seed=seeds)[: self.patches]
            for side, layers in zip(sides, seen, strict=True):
                rows = tf.reshape(layers[name], (tf.shape(features)[0], -1, features.shape[-1]))
                side[name] = tf.gather(rows, places, axis=1)
        keys, queries = (self.heads(side, training=training) for side in sides)
        return [(keys[name], queries[name]) for name in keys]

    def synthesize(self, inputs, training: bool) -> dict[str, Any]:
        """The fakes, and the vectors of their patches; those of targets that were translated."""
        fake = super().synthesize(inputs, training)
        fake["patches"] = self.contrasted(inputs[SOURCE], fake[TARGET], training)
        if self.identity is not None:
            same = super().synthesize({SOURCE: inputs[TARGET]}, training)[TARGET]
            fake["same_patches"] = self.contrasted(inputs[TARGET], same, training)
        return fake

    def losses(self, player: str, real, fake) -> dict[str, Any]:
        found = super().losses(player, real, fake)
        if player == "generator":
            found["nce"] = tf.reduce_mean([self.nce(*layer) for layer in fake["patches"]])
            if self.identity is not None:
                same = [self.identity(*layer) for layer in fake["same_patches"]]
                found["identity_nce"] = tf.reduce_mean(same)
        return found
