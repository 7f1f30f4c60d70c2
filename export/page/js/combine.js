/** Up to three picked images: the path from A to B, and A − B + C. */

import { fail, find } from "./controls.js";
import { latest } from "./engine.js";
import { download, sheet, show } from "./pixels.js";
import { arithmetic, linearAt, pathOf } from "./paths.js";
import { within } from "./priors.js";

const STEPS = 25; // images of a path, both ends included
const FRAME_MS = 80;
const SLOTS = ["pick-a", "pick-b", "pick-c"];

export class Combine {
  #generator;
  #picks = []; // {row, image}, at most three
  #frames = [];
  #sum = null;
  #timer = null;
  #step = 1;

  constructor(generator) {
    this.#generator = generator;
    this.update = latest(() => this.#update(), fail);
    const name = generator.model.name;
    find("clear").addEventListener("click", () => this.#clear());
    find("play").addEventListener("click", () => (this.#timer ? this.#pause() : this.#play()));
    find("position").max = STEPS - 1;
    find("position").addEventListener("input", () => {
      this.#pause();
      this.#frame();
    });
    find("path-download").addEventListener("click", () =>
      download(sheet(this.#frames, Math.sqrt(STEPS)), `${name}-path`),
    );
    find("sum-download").addEventListener("click", () =>
      download(sheet([this.#sum], 1), `${name}-sum`),
    );
    this.#showPicks();
  }

  /** Pick an image, or give it back; a fourth takes the place of the first. The rows picked now. */
  toggle(row, image) {
    const others = this.#picks.filter((pick) => pick.row !== row);
    const there = others.length < this.#picks.length;
    this.#picks = there ? others : [...others, { row, image }].slice(-SLOTS.length);
    this.#showPicks();
    this.update();
    return this.#picks.map((pick) => pick.row);
  }

  #clear() {
    this.#picks = [];
    this.#generator.grid.release();
    this.#showPicks();
    this.update();
  }

  #showPicks() {
    SLOTS.forEach((id, index) => {
      const pick = this.#picks[index];
      const canvas = find(id);
      canvas.parentElement.classList.toggle("empty", !pick);
      show(canvas, pick ? pick.image : new ImageData(1, 1));
    });
    find("clear").disabled = !this.#picks.length;
  }

  async #update() {
    const rows = this.#picks.map(({ row }) => row);
    if (rows.length < 2) this.#pause();
    if (rows.length > 1) {
      this.#frames = await this.#generator.imagesOf(this.#path(rows[0], rows[1]));
      if (find("path").hidden && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
        this.#play();
      }
      this.#frame();
    }
    if (rows.length > 2) {
      [this.#sum] = await this.#generator.imagesOf([this.#total(...rows)]);
      show(find("sum-canvas"), this.#sum);
    }
    find("path").hidden = rows.length < 2;
    find("sum").hidden = rows.length < 3;
  }

  /** The rows from A to B; the class changes in the middle. */
  #path(a, b) {
    const between = pathOf(this.#generator.latent.prior);
    return Array.from({ length: STEPS }, (_, step) => {
      const share = step / (STEPS - 1);
      const label = share < 0.5 ? a.label : b.label;
      const code = a.code && linearAt(a.code, b.code, share);
      return { latent: between(a.latent, b.latent, share), label, code };
    });
  }

  /** The row of A − B + C, with the class and the code of A. */
  #total(a, b, c) {
    const latent = arithmetic(a.latent, b.latent, c.latent);
    return { ...a, latent: within(this.#generator.latent.prior, latent) };
  }

  #play() {
    find("play").textContent = "Pause";
    this.#timer = setInterval(() => {
      const place = find("position").valueAsNumber;
      if (place + this.#step < 0 || place + this.#step >= STEPS) this.#step *= -1;
      find("position").value = place + this.#step;
      this.#frame();
    }, FRAME_MS);
  }

  #pause() {
    clearInterval(this.#timer);
    this.#timer = null;
    find("play").textContent = "Play";
  }

  #frame() {
    show(find("path-canvas"), this.#frames[find("position").valueAsNumber]);
  }
}
