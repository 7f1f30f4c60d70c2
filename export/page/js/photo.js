/** The view of a model from images to images: a picture, its result, a divider between them. */

import { element, fail, fill, find, randomSeed, seedIn, slider } from "./controls.js";
import { latest } from "./engine.js";
import { Mask } from "./mask.js";
import { onPicture, sized } from "./picture.js";
import { classColors, classesAt, download, imageAt, show, valuesOf } from "./pixels.js";
import { sampleLatents } from "./priors.js";

const SIDES = [128, 256, 512, 1024];

/** Show the view, with the first example where there is one. */
export async function openPhoto(model, engine) {
  return new Photo(model, engine).open();
}

class Photo {
  #bitmap = null;
  #source = null;
  #result = null;

  constructor(model, engine) {
    this.model = model;
    this.engine = engine;
    [this.image, this.latent] = [this.#field("image"), this.#field("latent")];
    [this.output] = model.outputs;
    this.update = latest(() => this.#update(), fail);
    this.mask = this.#field("mask") && new Mask(find("paint-canvas"), this.update);
  }

  async open() {
    find("size-field").hidden = this.image.shape[0] !== null;
    fill(find("size"), SIDES, this.output.scale > 1 ? 256 : 512, (side) => `${side} pixels`);
    find("size").addEventListener("change", () => this.#take(this.#bitmap));
    find("divider").addEventListener("input", () => this.#divide());
    find("download").addEventListener("click", () => this.#download());
    onPicture(
      (blob) => this.#open(blob),
      () => this.#say("That is no picture that this browser can read."),
    );
    this.#divide();
    this.#addMask();
    this.#addSeed();
    this.#addLegend();
    await this.#addExamples();
  }

  #field(kind) {
    return this.model.inputs.find((input) => input.kind === kind);
  }

  async #open(blob) {
    await this.#take(await createImageBitmap(blob, { colorSpaceConversion: "none" }));
  }

  async #take(bitmap) {
    if (!bitmap) return;
    this.#bitmap = bitmap;
    this.#source = sized(bitmap, this.image, Number(find("size").value));
    this.mask?.begin(this.#source);
    find("paint").hidden = !this.mask;
    await this.update();
  }

  /** The source as the network takes it, in its number of channels. */
  #values() {
    const { width, height } = this.#source;
    const channels = this.image.shape[2];
    return { data: valuesOf(this.#source, channels), dims: [1, height, width, channels] };
  }

  #feeds(source) {
    const feeds = { [this.image.name]: source };
    if (this.mask) {
      const dims = [...source.dims.slice(0, 3), 1];
      feeds[this.#field("mask").name] = { data: this.mask.values(), dims };
    }
    if (this.latent) {
      const [data] = sampleLatents(this.latent, 1, seedIn(find("seed")));
      feeds[this.latent.name] = { data, dims: [1, data.length] };
    }
    for (const feed of Object.values(feeds)) feed.type = "float32";
    return feeds;
  }

  async #update() {
    if (!this.#source) return;
    if (this.mask?.empty) {
      find("compare").hidden = true;
      find("download").disabled = true;
      return this.#say("Paint a mask over what is to be filled.");
    }
    this.#say("Computing …");
    const [start, source] = [performance.now(), this.#values()];
    const made = (await this.engine.run(this.#feeds(source)))[this.output.name];
    const milliseconds = performance.now() - start;
    this.#result = this.output.kind === "image" ? imageAt(made) : classesAt(made);
    show(find("before"), imageAt(source));
    show(find("after"), this.#result);
    const { width, height } = this.#result;
    find("compare").classList.toggle("pixelated", width <= 128);
    find("compare").style.setProperty("--ratio", width / height);
    find("compare").style.setProperty("--pixels", width);
    find("compare").hidden = false;
    find("download").disabled = false;
    this.#say(`${width} × ${height} pixels in ${(milliseconds / 1000).toFixed(1)} s`);
  }

  #say(text) {
    find("status").textContent = text;
  }

  #divide() {
    find("compare").style.setProperty("--divider", `${find("divider").value}%`);
  }

  #download() {
    download(find("after"), `${this.model.name}-result`);
  }

  #addMask() {
    if (!this.mask) return;
    const change = (radius) => (this.mask.radius = radius);
    const range = { min: 1, max: 64, step: 1, value: 12, format: (value) => `${2 * value} px` };
    find("brush").append(slider({ label: "Brush", ...range, change }).field);
    find("clear-mask").addEventListener("click", () => this.mask.clear());
    find("mask-tools").hidden = false;
    find("paint").parentElement.classList.add("pair");
  }

  #addSeed() {
    if (!this.latent) return;
    find("seed").value = 7;
    find("seed").addEventListener("change", this.update);
    find("shuffle").addEventListener("click", () => {
      find("seed").value = randomSeed();
      this.update();
    });
    find("seed-tools").hidden = false;
  }

  #addLegend() {
    if (this.output.kind !== "probabilities") return;
    const names = this.model.class_names;
    const items = classColors(this.output.shape[2]).map((color, number) => {
      const item = element("li");
      const swatch = element("span", { className: "swatch" });
      swatch.style.background = `rgb(${color})`;
      item.append(swatch, names[number] ?? `class ${number}`);
      return item;
    });
    find("legend").replaceChildren(...items);
    find("legend").hidden = false;
  }

  async #addExamples() {
    const { examples } = this.model;
    if (!examples.length) return;
    const open = async (url) => this.#open(await (await fetch(url)).blob());
    const buttons = examples.map((url, index) => {
      const button = element("button", { type: "button" });
      button.append(element("img", { src: url, alt: `Example ${index + 1}` }));
      button.addEventListener("click", () => open(url));
      return button;
    });
    find("examples").replaceChildren(...buttons);
    find("examples").hidden = false;
    await open(examples[0]);
  }
}
