/** Images in [-1, 1] as pixels and back, as `kgan.images` has them in Python. */

const GAP = 2; // white pixels between the cells of a sheet
const CELL = 64; // smaller images are enlarged to about this many pixels

/** The image at an index of a batch, `data` of the shape (batch, height, width, channels). */
export function imageAt({ data, dims }, index = 0) {
  const [, height, width, channels] = dims;
  const image = new ImageData(width, height);
  const start = index * height * width * channels;
  for (let pixel = 0; pixel < height * width; pixel++) {
    const place = start + pixel * channels;
    const colors = channels > 2 ? [0, 1, 2] : [0, 0, 0];
    colors.forEach((channel, i) => (image.data[4 * pixel + i] = level(data[place + channel])));
    image.data[4 * pixel + 3] = channels % 2 ? 255 : level(data[place + channels - 1]);
  }
  return image;
}

/** A value in [-1, 1] as 0 to 255; the array of an ImageData rounds it, to even as NumPy does. */
function level(value) {
  return Math.fround(Math.fround(Math.min(Math.max(value, -1), 1) + 1) * 127.5);
}

/** Float values of an image for a network that takes so many channels; one is the luminance. */
export function valuesOf(image, channels) {
  const values = new Float32Array(image.width * image.height * channels);
  for (let pixel = 0; pixel < image.width * image.height; pixel++) {
    const rgba = Array.from(image.data.subarray(4 * pixel, 4 * pixel + 4), unit);
    const taken = channels === 1 ? [luminance(rgba)] : rgba.slice(0, channels);
    values.set(taken, pixel * channels);
  }
  return values;
}

function unit(byte) {
  return Math.fround(Math.fround(byte / 127.5) - 1);
}

/** ITU-R BT.601, as `kgan.luminance`. */
function luminance([red, green, blue]) {
  return Math.min(Math.max(0.299 * red + 0.587 * green + 0.114 * blue, -1), 1);
}

/** Colours of classes, [red, green, blue]; those of `kgan.images.class_colors`. */
export function classColors(classes) {
  return Array.from({ length: classes }, (_, number) =>
    [0, 1, 2].map((channel) => {
      let color = 0;
      for (let bit = 0; bit < 8; bit++) color |= ((number >> (3 * bit + channel)) & 1) << (7 - bit);
      return color;
    }),
  );
}

/** The most likely class of each pixel in a colour of its own. */
export function classesAt({ data, dims }) {
  const [, height, width, classes] = dims;
  const image = new ImageData(width, height);
  const colors = classColors(classes);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const likely = data.subarray(pixel * classes, (pixel + 1) * classes);
    const best = likely.indexOf(Math.max(...likely));
    image.data.set([...colors[best], 255], 4 * pixel);
  }
  return image;
}

/** Show an image on a canvas, which takes its size. */
export function show(canvas, image) {
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d", { willReadFrequently: true }).putImageData(image, 0, 0);
}

/** The columns of a sheet of images: one for each of up to 16 classes, else about the root. */
export function columnsOf(count, classes = null) {
  return classes > 1 && classes <= Math.min(count, 16) ? classes : Math.ceil(Math.sqrt(count));
}

/** One canvas of all images, row by row, pixel by pixel what `kgan.images.grid` makes. */
export function sheet(images, columns) {
  const { width, height } = images[0];
  const factor = Math.max(1, Math.round(CELL / Math.max(width, height)));
  const [stepX, stepY] = [width * factor + GAP, height * factor + GAP];
  const canvas = document.createElement("canvas");
  canvas.width = columns * stepX + GAP;
  canvas.height = Math.ceil(images.length / columns) * stepY + GAP;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  const cell = document.createElement("canvas");
  images.forEach((image, index) => {
    show(cell, image);
    const [x, y] = [(index % columns) * stepX + GAP, Math.floor(index / columns) * stepY + GAP];
    context.clearRect(x, y, width * factor, height * factor);
    context.drawImage(cell, x, y, width * factor, height * factor);
  });
  return canvas;
}

/** Offer a canvas as a PNG file. */
export function download(canvas, name) {
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${name}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
