/** A mask that the user paints over a picture, with a pointer or with keys. */

const COLOR = [11, 110, 95]; // over what is to be filled
const OPACITY = 0.75;

export class Mask {
  /** Of the brush, in pixels of the picture. */
  radius = 12;
  #canvas;
  #changed;
  #image = null;
  #known = new Float32Array();
  #at = [0, 0];
  #painting = false;

  /** `changed` is called after each stroke. */
  constructor(canvas, changed) {
    this.#canvas = canvas;
    this.#changed = changed;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#painting && this.#stroke(event));
    for (const type of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(type, () => this.#up());
    }
    canvas.addEventListener("keydown", (event) => this.#key(event));
    for (const type of ["focus", "blur"]) canvas.addEventListener(type, () => this.#show());
  }

  /** Whether nothing is to be filled. */
  get empty() {
    return this.#known.every(Boolean);
  }

  /** Begin a new mask for an image. */
  begin(image) {
    this.#image = image;
    this.#known = new Float32Array(image.width * image.height).fill(1);
    this.#at = [Math.round(image.width / 2), Math.round(image.height / 2)];
    [this.#canvas.width, this.#canvas.height] = [image.width, image.height];
    this.#show();
  }

  clear() {
    if (!this.#image) return;
    this.begin(this.#image);
    this.#changed();
  }

  /** 1 where a pixel is known, 0 where it is to be made. */
  values() {
    return this.#known.slice();
  }

  #down(event) {
    this.#canvas.setPointerCapture(event.pointerId);
    this.#painting = true;
    this.#at = this.#place(event);
    this.#stroke(event);
  }

  #up() {
    if (this.#painting) this.#changed();
    this.#painting = false;
  }

  /** Paint from where the brush is to where the pointer is. */
  #stroke(event) {
    const [start, end] = [this.#at, this.#place(event)];
    const length = Math.hypot(end[0] - start[0], end[1] - start[1]);
    const steps = Math.ceil((2 * length) / this.radius) || 1;
    for (let step = 0; step <= steps; step++) {
      this.#dab(start.map((from, axis) => from + ((end[axis] - from) * step) / steps));
    }
    this.#at = end;
    this.#show();
  }

  #place({ offsetX, offsetY }) {
    const scale = this.#canvas.width / this.#canvas.clientWidth;
    return [offsetX * scale, offsetY * scale];
  }

  #key(event) {
    const step = Math.max(Math.round(this.radius / 2), 1);
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key in steps) {
      const most = [this.#canvas.width - 1, this.#canvas.height - 1];
      this.#at = this.#at.map((from, axis) =>
        Math.min(Math.max(from + steps[event.key][axis] * step, 0), most[axis]),
      );
    } else if (event.key === " ") {
      this.#dab(this.#at);
      this.#changed();
    } else return;
    event.preventDefault();
    this.#show();
  }

  #dab([x, y]) {
    const { width, height } = this.#image;
    const limits = (middle, size) => [
      Math.max(Math.ceil(middle - this.radius), 0),
      Math.min(Math.floor(middle + this.radius), size - 1),
    ];
    const [[left, right], [top, bottom]] = [limits(x, width), limits(y, height)];
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const inside = Math.hypot(column - x, row - y) <= this.radius;
        if (inside) this.#known[row * width + column] = 0;
      }
    }
  }

  #show() {
    if (!this.#image) return;
    const { data, width, height } = this.#image;
    const shown = new ImageData(data.slice(), width, height);
    this.#known.forEach((known, pixel) => {
      if (known) return;
      COLOR.forEach((color, i) => {
        const place = 4 * pixel + i;
        shown.data[place] = OPACITY * color + (1 - OPACITY) * data[place];
      });
    });
    const context = this.#canvas.getContext("2d", { willReadFrequently: true });
    context.putImageData(shown, 0, 0);
    if (document.activeElement !== this.#canvas) return;
    for (const [color, wider] of [["#000", 1], ["#fff", 0]]) {
      context.strokeStyle = color;
      context.beginPath();
      context.arc(...this.#at, this.radius + wider, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}
