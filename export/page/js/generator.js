/** The view of a generator: images of a seed, of classes and codes, moved along directions. */

import { Combine } from "./combine.js";
import { choices, fail, fill, find, randomSeed, seedIn, slider } from "./controls.js";
import { latest } from "./engine.js";
import { Grid } from "./grid.js";
import { columnsOf, download, imageAt, sheet } from "./pixels.js";
import { inTurn, oneHot, sampleCodes, sampleLatents, within } from "./priors.js";

const COUNTS = [1, 4, 9, 16, 25, 36, 64];
const MOST_TRUNCATION = 3; // beyond it, nothing is drawn again

/** Show the view; returns once the first images are there. */
export async function openGenerator(model, engine) {
  return new Generator(model, engine).open();
}

class Generator {
  #images = [];
  #controls = [];
  #chosen = { truncation: null, label: null, codes: new Map(), moves: [] };

  constructor(model, engine) {
    this.model = model;
    this.engine = engine;
    const field = (kind) => model.inputs.find((input) => input.kind === kind);
    [this.latent, this.label, this.code] = ["latent", "label", "code"].map(field);
    this.update = latest(() => this.#update(), fail);
    this.combine = new Combine(this);
    this.grid = new Grid(find("grid"), (row, image) => this.combine.toggle(row, image));
  }

  async open() {
    const several = this.label?.classes > 1 && this.label.classes <= 16;
    const counts = several ? [1, 2, 3, 5].map((rows) => rows * this.label.classes) : COUNTS;
    fill(find("count"), counts, several ? counts[1] : 16);
    find("seed").value = 7;
    for (const id of ["seed", "count"]) find(id).addEventListener("change", this.update);
    find("shuffle").addEventListener("click", () => {
      find("seed").value = randomSeed();
      this.update();
    });
    find("reset").addEventListener("click", () => this.#reset());
    find("download").addEventListener("click", () => this.#download());
    this.#addTruncation();
    this.#addClasses();
    this.#addCodes();
    this.#addDirections();
    await this.update();
  }

  /** The images of rows of inputs, `{latent, label, code}`, as ImageData. */
  async imagesOf(rows) {
    const made = await this.engine.run(this.#feeds(rows));
    const output = made[this.model.outputs[0].name];
    return rows.map((_, index) => imageAt(output, index));
  }

  /** The name of a row's class; empty where there are none. */
  nameOf({ label }) {
    return this.label ? (this.label.names[label] ?? `class ${label}`) : "";
  }

  #feeds(rows) {
    const floats = (name, size) => ({
      type: "float32",
      data: Float32Array.from(rows.flatMap((row) => [...row[name]])),
      dims: [rows.length, size],
    });
    const feeds = { [this.latent.name]: floats("latent", this.latent.shape[0]) };
    if (this.code) feeds[this.code.name] = floats("code", this.code.shape[0]);
    if (this.label) {
      const data = Int32Array.from(rows, ({ label }) => label);
      feeds[this.label.name] = { type: "int32", data, dims: [rows.length] };
    }
    return feeds;
  }

  /** The inputs that the controls ask for. */
  #rows() {
    const [seed, count] = [seedIn(find("seed")), Number(find("count").value)];
    const { truncation, label, moves } = this.#chosen;
    const latents = sampleLatents(this.latent, count, seed, truncation);
    const labels = inTurn(this.label?.classes ?? 1, count);
    const codes = this.code ? sampleCodes(this.code, count, seed) : [];
    return latents.map((latent, row) => ({
      latent: moves.some(Boolean) ? this.#moved(latent) : latent,
      label: label ?? labels[row],
      code: this.code && this.#coded(codes[row]),
    }));
  }

  #moved(latent) {
    const moved = latent.map((value, axis) =>
      this.#chosen.moves.reduce((sum, t, i) => sum + t * this.model.directions[i][axis], value),
    );
    return within(this.latent.prior, moved);
  }

  #coded(code) {
    for (const [start, values] of this.#chosen.codes) code.set(values, start);
    return code;
  }

  async #update() {
    const rows = this.#rows();
    this.#images = await this.imagesOf(rows);
    this.grid.show(rows, this.#images, this.#columns(), (row) => this.nameOf(row));
    const plural = rows.length > 1 ? "images" : "image";
    find("status").textContent = `${rows.length} ${plural} of seed ${find("seed").value}`;
  }

  /** A column for each class where they come in turn, as `kgan generate` has it. */
  #columns() {
    const inTurns = this.#chosen.label === null ? this.label?.classes : null;
    return columnsOf(this.#images.length, inTurns);
  }

  #download() {
    download(sheet(this.#images, this.#columns()), `${this.model.name}-${find("seed").value}`);
  }

  #add(place, control) {
    find(place).hidden = false;
    find(place).append(control.field);
    this.#controls.push(control);
  }

  #addTruncation() {
    if (this.latent.prior !== "normal") return;
    const format = (value) => (value >= MOST_TRUNCATION ? "off" : `±${value}`);
    const change = (value) => {
      this.#chosen.truncation = value >= MOST_TRUNCATION ? null : value;
      this.update();
    };
    const range = { min: 0.2, max: MOST_TRUNCATION, step: 0.1, value: MOST_TRUNCATION };
    this.#add("truncation", slider({ label: "Truncation", ...range, format, change }));
  }

  #addClasses() {
    if (!this.label) return;
    const numbers = inTurn(this.label.classes ?? 1, this.label.classes ?? 1);
    const names = ["Each in turn", ...numbers.map((label) => this.nameOf({ label }))];
    const change = (index) => {
      this.#chosen.label = index ? index - 1 : null;
      this.update();
    };
    this.#add("classes", choices({ group: "Class", names, change }));
  }

  #addCodes() {
    if (!this.code) return;
    const set = (start, values) => {
      if (values) this.#chosen.codes.set(start, values);
      else this.#chosen.codes.delete(start);
      this.update();
    };
    let start = 0;
    for (const [number, size] of this.code.categorical.entries()) {
      const place = start;
      const names = ["Drawn", ...inTurn(size, size).map(String)];
      const change = (index) => set(place, index ? oneHot(size, index - 1) : null);
      this.#add("codes", choices({ group: `Categorical code ${number + 1}`, names, change }));
      start += size;
    }
    for (let number = 1; number <= this.code.continuous; number++, start++) {
      const place = start;
      const drawn = (value) => value === 0 && !this.#chosen.codes.has(place);
      const format = (value) => (drawn(value) ? "drawn" : value.toFixed(1));
      const range = { min: -1, max: 1, step: 0.1, value: 0, format };
      const change = (value) => set(place, [value]);
      this.#add("codes", slider({ label: `Continuous code ${number}`, ...range, change }));
    }
  }

  #addDirections() {
    const { directions, shares } = this.model;
    this.#chosen.moves = directions.map(() => 0);
    find("directions-note").textContent =
      "What changes the images most: their principal components, with the share of the variance.";
    directions.forEach((_, index) => {
      const label = `Direction ${index + 1} (${Math.round(100 * shares[index])} %)`;
      const change = (value) => {
        this.#chosen.moves[index] = value;
        this.update();
      };
      const range = { min: -3, max: 3, step: 0.1, value: 0, format: (value) => value.toFixed(1) };
      this.#add("directions", slider({ label, ...range, change }));
    });
  }

  #reset() {
    this.#chosen.codes.clear();
    Object.assign(this.#chosen, { truncation: null, label: null });
    this.#chosen.moves.fill(0);
    for (const control of this.#controls) control.reset();
    this.update();
  }
}
