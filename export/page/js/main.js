/** Loads the model that `model.json` describes and opens the view that fits it. */

import { find } from "./controls.js";
import { Engine } from "./engine.js";
import { openGenerator } from "./generator.js";
import { openPhoto } from "./photo.js";

async function start() {
  const model = await (await fetch("model.json")).json();
  document.title = `${model.name} · kgan`;
  find("name").textContent = model.name.replaceAll("_", " ");
  find("facts").textContent = facts(model);
  const bytes = model.network.bytes + model.runtime.bytes;
  find("loading-text").textContent = `Loading the model, ${(bytes / 1e6).toFixed(0)} MB …`;
  const engine = new Engine();
  await engine.load(model);
  const photo = model.inputs.some(({ kind }) => kind === "image");
  find("view").replaceChildren(find(photo ? "photo" : "generator").content.cloneNode(true));
  await (photo ? openPhoto : openGenerator)(model, engine);
  find("view").setAttribute("aria-busy", "false");
}

/** The model in a line: its class, what it takes, what it gives. */
function facts({ model, inputs, outputs, network }) {
  const size = ({ shape }) => shape.slice(0, 2).map((side) => side ?? "any").join(" × ");
  const latent = inputs.find(({ kind }) => kind === "latent");
  const of = inputs.find(({ kind }) => kind === "image") ?? outputs[0];
  const scale = outputs[0].scale > 1 ? `${outputs[0].scale} times the size` : null;
  const parts = [
    model,
    scale ?? (of.shape[0] ? `${size(of)} pixels` : "pictures of any size"),
    latent ? `${latent.shape[0]} latent dimensions` : null,
    `${(network.bytes / 1e6).toFixed(1)} MB`,
  ];
  return parts.filter(Boolean).join(" · ");
}

start().catch((error) => {
  find("loading")?.classList.add("failed");
  const place = find("loading-text") ?? find("status");
  place.textContent = `The model cannot run here: ${error.message}`;
});
