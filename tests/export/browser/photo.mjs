// A page from images to images: examples, a file, the divider, the size; a mask and a seed if any.

import { changes, downloaded, pixels, run, slide } from "./browser.mjs";

run(async (page, report) => {
  const change = (name, action, selector = "#after") =>
    changes(page, report, name, selector, action);
  const masked = await page.locator("#mask-tools").isVisible();
  if (masked) {
    const canvas = page.locator("#paint-canvas");
    const box = await canvas.boundingBox();
    const stroke = async () => {
      await page.mouse.move(box.x + box.width / 4, box.y + box.height / 4);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 3, { steps: 4 });
      await page.mouse.up();
    };
    await change("mask", stroke);
    await page.waitForSelector("#compare:not([hidden])");
    await change("mask by keyboard", async () => {
      await canvas.focus();
      for (let step = 0; step < 4; step++) await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Space");
    });
    await slide(page.getByRole("slider", { name: "Brush" }), 3);
  }
  report.images = await pixels(page, "#before, #after");
  report.result = await downloaded(page, "#download");
  if (masked) {
    await page.focus("#download"); // the brush is shown where the canvas has the focus
    report.mask = await pixels(page, "#paint-canvas");
    await page.click("#clear-mask");
    await page.waitForSelector("#compare[hidden]", { state: "attached" });
  } else {
    await change("example", () => page.locator("#examples button").nth(1).tap());
    const bytes = Buffer.from(report.result.bytes, "base64");
    const file = { name: "result.png", mimeType: "image/png", buffer: bytes };
    await change("file", () => page.setInputFiles("#file", file));
    await page.setInputFiles("#file", { ...file, buffer: Buffer.from("no picture") });
    await page.getByText("That is no picture").waitFor();
    const clip = () => page.$eval("#after", (after) => getComputedStyle(after).clipPath);
    const before = await clip();
    await page.focus("#divider");
    await page.keyboard.press("ArrowRight");
    report.changes.divider = (await clip()) !== before;
  }
  if (await page.locator("#seed-tools").isVisible()) {
    await change("shuffle", () => page.click("#shuffle"));
  }
});
