/** Pictures that the user chooses, drops or pastes, in a size that a network takes. */

import { find } from "./controls.js";

/** Call `take` with each picture, a Blob; `refuse` where it cannot be read. */
export function onPicture(take, refuse) {
  const offer = (files) => {
    const file = [...files].find(({ type }) => type.startsWith("image/"));
    if (file) take(file).catch(refuse);
    else if (files.length) refuse();
  };
  const drop = find("drop");
  find("file").addEventListener("change", ({ target }) => offer(target.files));
  addEventListener("paste", ({ clipboardData }) => offer(clipboardData.files));
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  addEventListener("dragleave", () => drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    offer(event.dataTransfer.files);
  });
}

/** The pixels of a bitmap for an image field: its centre where the field has a size of its own,
 * else the whole, whose longest side is `most` pixels at most. Transparent ones lie on white.
 */
export function sized(bitmap, { shape: [height, width, channels], smallest }, most) {
  const ratio = height ? width / height : bitmap.width / bitmap.height;
  const [cropWidth, cropHeight] = cropped(bitmap, ratio);
  const least = Math.max(smallest / Math.min(cropWidth, cropHeight), 1);
  const scale = Math.max(Math.min(most / Math.max(cropWidth, cropHeight), 1), least);
  const canvas = document.createElement("canvas");
  canvas.width = width ?? Math.round(cropWidth * scale);
  canvas.height = height ?? Math.round(cropHeight * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (channels !== 4) {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.imageSmoothingQuality = "high";
  const [left, top] = [(bitmap.width - cropWidth) / 2, (bitmap.height - cropHeight) / 2];
  const target = [0, 0, canvas.width, canvas.height];
  context.drawImage(bitmap, left, top, cropWidth, cropHeight, ...target);
  return context.getImageData(...target);
}

/** The width and height of the largest part of a bitmap of this ratio. */
function cropped({ width, height }, ratio) {
  return width > height * ratio ? [height * ratio, height] : [width, width / ratio];
}
