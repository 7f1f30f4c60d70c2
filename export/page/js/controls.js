/** Controls that are made in numbers: sliders, choices, menus. */

let sliders = 0;

/** A slider with its name and its value beside it; `change` is called with each new value. */
export function slider({ label, min, max, step, value, format = String, change }) {
  const field = element("label", { className: "field slider" });
  const head = element("span", { className: "slider-head" });
  const shown = element("output", { textContent: format(value) });
  const id = `slider-${++sliders}`;
  const input = element("input", { type: "range", id, min, max, step, value });
  field.htmlFor = id; // not the output, which a label may name, too
  head.append(element("span", { textContent: label }), shown);
  field.append(head, input);
  input.addEventListener("input", () => {
    shown.textContent = format(input.valueAsNumber);
    change(input.valueAsNumber);
  });
  return {
    field,
    reset() {
      input.value = value;
      shown.textContent = format(value);
    },
  };
}

/** Buttons of which one is chosen, `names` in their order; `change` is called with its index. */
export function choices({ group, names, change }) {
  const box = element("div", { className: "chips" });
  box.setAttribute("role", "radiogroup");
  box.setAttribute("aria-label", group);
  const inputs = names.map((name, index) => {
    const chip = element("label", { className: "chip" });
    const input = element("input", { type: "radio", name: group, checked: index === 0 });
    input.addEventListener("change", () => change(index));
    chip.append(input, element("span", { textContent: name }));
    box.append(chip);
    return input;
  });
  return { field: box, reset: () => (inputs[0].checked = true) };
}

/** Fill a menu with values; `chosen` is one of them. */
export function fill(menu, values, chosen, format = String) {
  menu.replaceChildren(...values.map((value) => new Option(format(value), value)));
  menu.value = chosen;
}

/** A seed that nobody chose. */
export function randomSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
}

/** The seed in a field, an integer from 0 to 2**32 - 1; what cannot be one becomes the nearest. */
export function seedIn(input) {
  const seed = Math.min(Math.max(Math.trunc(Number(input.value)), 0), 2 ** 32 - 1);
  input.value = seed;
  return seed;
}

/** Say in the view's status what went wrong. */
export function fail(error) {
  find("status").textContent = `This cannot be computed here: ${error.message}`;
}

export function element(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}

/** The element of an id. */
export function find(id) {
  return document.getElementById(id);
}
