/** A grid of images, each a button that picks it; arrow keys move between them. */

import { element } from "./controls.js";
import { show } from "./pixels.js";

export class Grid {
  #box;
  #pick;
  #cells = [];

  /** `pick` is called with the inputs and the image of a cell; it returns the inputs picked now. */
  constructor(box, pick) {
    this.#box = box;
    this.#pick = pick;
    box.addEventListener("keydown", (event) => this.#move(event));
  }

  /** Show images, made of `rows`; those that differ from before are no longer picked. */
  show(rows, images, columns, nameOf) {
    this.#box.style.setProperty("--columns", columns);
    this.#box.style.setProperty("--narrow", columns > 6 ? Math.ceil(columns / 2) : columns);
    this.#box.classList.toggle("pixelated", images[0].width <= 128);
    while (this.#cells.length < rows.length) this.#cells.push(this.#cell());
    const kept = this.#cells.slice(0, rows.length);
    kept.forEach((cell, index) => {
      const name = nameOf(rows[index]);
      cell.row = rows[index];
      cell.image = images[index];
      show(cell.canvas, images[index]);
      cell.button.setAttribute("aria-label", `Image ${index + 1}${name && `, ${name}`}`);
      cell.button.title = name;
    });
    this.release();
    if (this.#box.childElementCount === kept.length) return; // whoever has the focus keeps it
    kept.forEach(({ button }, index) => (button.tabIndex = index ? -1 : 0));
    this.#box.replaceChildren(...kept.map(({ button }) => button));
  }

  /** Show none as picked. */
  release() {
    for (const { button } of this.#cells) button.setAttribute("aria-pressed", "false");
  }

  #cell() {
    const cell = { button: element("button", { type: "button" }), canvas: element("canvas") };
    cell.button.append(cell.canvas);
    cell.button.addEventListener("click", () => {
      const picked = this.#pick(cell.row, cell.image);
      for (const { button, row } of this.#cells) {
        button.setAttribute("aria-pressed", String(picked.includes(row)));
      }
    });
    return cell;
  }

  #move(event) {
    const columns = getComputedStyle(this.#box).gridTemplateColumns.split(" ").length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const buttons = [...this.#box.children];
    const from = buttons.indexOf(document.activeElement);
    const to = buttons[from + steps[event.key]];
    if (!to) return;
    event.preventDefault();
    buttons[from].tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }
}
