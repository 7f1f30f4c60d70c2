/** Paths between latents and sums of latents, as in `kgan.latent`. */

/** The latent at a share of the straight line, 0 to 1. */
export function linearAt(start, end, share) {
  return start.map((value, axis) => (1 - share) * value + share * end[axis]);
}

/** The latent at a share of the great arc, whose length changes evenly from one to the other.
 *
 * Shoemake, "Animating Rotation with Quaternion Curves", 1985, section 3.3.
 */
export function sphericalAt(start, end, share) {
  const [first, last] = [Math.hypot(...start), Math.hypot(...end)];
  const dot = start.reduce((sum, value, axis) => sum + value * end[axis], 0);
  const angle = Math.acos(Math.min(Math.max(dot / (first * last), -1), 1));
  const sine = Math.sin(angle);
  if (!(sine > 1e-6)) return linearAt(start, end, share); // no single arc joins them
  const length = ((1 - share) * first + share * last) / sine;
  const [a, b] = [Math.sin((1 - share) * angle) / first, Math.sin(share * angle) / last];
  return start.map((value, axis) => length * (a * value + b * end[axis]));
}

/** The path that stays where a prior draws: the line for a uniform one, else the arc. */
export function pathOf(prior) {
  return prior === "uniform" ? linearAt : sphericalAt;
}

/** The latent A − B + C.
 *
 * Radford, Metz & Chintala, 2016, arXiv:1511.06434, section 6.3.2.
 */
export function arithmetic(a, b, c) {
  return a.map((value, axis) => value - b[axis] + c[axis]);
}
