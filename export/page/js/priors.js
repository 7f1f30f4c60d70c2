/** The values that kgan gives the inputs of a seed: the counterparts of `default` in Python. */

import { RandomState } from "./random.js";

/** `count` latents of a field, each a Float32Array; see `kgan.latent.sample`. */
export function sampleLatents({ shape: [size], prior }, count, seed, truncation = null) {
  const random = new RandomState(seed);
  const draw = prior === "uniform" ? () => random.uniform(-1, 1) : () => random.normal();
  const values = Float64Array.from({ length: count * size }, draw);
  if (truncation !== null) redrawOutside(values, truncation, draw);
  return Array.from({ length: count }, (_, row) => {
    const latent = values.slice(row * size, (row + 1) * size);
    return Float32Array.from(prior === "spherical" ? onSphere(latent) : latent);
  });
}

function redrawOutside(values, truncation, draw) {
  let outside = values.keys();
  do {
    outside = [...outside].filter((index) => Math.abs(values[index]) > truncation);
    for (const index of outside) values[index] = draw();
  } while (outside.length);
}

/** A latent brought to the nearest place where the prior draws any. */
export function within(prior, latent) {
  if (prior === "uniform") return latent.map((value) => Math.min(Math.max(value, -1), 1));
  return prior === "spherical" ? onSphere(latent) : latent;
}

function onSphere(latent) {
  const length = Math.hypot(...latent);
  return length ? latent.map((value) => (value * Math.sqrt(latent.length)) / length) : latent;
}

/** `count` codes of an InfoGAN: a one-hot vector per categorical code, then continuous numbers. */
export function sampleCodes({ categorical, continuous }, count, seed) {
  const random = new RandomState([seed, 1]); // a stream beside that of the latents
  const chosen = categorical.map((size) => Array.from({ length: count }, () => random.below(size)));
  return Array.from({ length: count }, (_, row) => {
    const parts = categorical.map((size, code) => oneHot(size, chosen[code][row]));
    const numbers = Array.from({ length: continuous }, () => random.uniform(-1, 1));
    return Float32Array.from([...parts.flat(), ...numbers]);
  });
}

export function oneHot(size, index) {
  return Array.from({ length: size }, (_, place) => Number(place === index));
}

/** `count` classes, each in turn. */
export function inTurn(classes, count) {
  return Array.from({ length: count }, (_, row) => row % classes);
}
