// Every control of a generator's page, by mouse, keyboard and touch.

import { changes, downloaded, pixels, run, slide } from "./browser.mjs";

const GRID = "#grid canvas";

run(async (page, report) => {
  const change = (name, action, selector = GRID) => changes(page, report, name, selector, action);
  report.images = await pixels(page, GRID);
  report.sheet = await downloaded(page, "#download");
  await change("seed", async () => {
    await page.fill("#seed", "8");
    await page.keyboard.press("Enter");
  });
  await change("shuffle", () => page.tap("#shuffle"));
  await change("count", () => page.selectOption("#count", { index: 0 }));
  await page.selectOption("#count", { index: 2 });
  await change("truncation", () => slide(page.getByLabel("Truncation"), 0.5));
  report.count = await page.locator(GRID).count();
  for (const slider of await page.locator("#directions input, #codes input[type=range]").all()) {
    const name = await slider.evaluate(
      (input) => input.labels[0].querySelector("span span").textContent,
    );
    await change(name, () => slide(slider, 0.9));
    report.value = await slider.evaluate((input) => input.labels[0].querySelector("output").value);
  }
  for (const chip of await page.locator(".chip input").all()) {
    const name = await chip.evaluate((input) => input.labels[0].textContent);
    if (!(await chip.isChecked())) await change(name, () => chip.check({ force: true }));
  }
  await page.click("#reset");
  await page.fill("#seed", "7");
  await page.keyboard.press("Enter");
  await page.getByText("of seed 7").waitFor();
  report.checked = await page.locator(".chip input:checked").count();

  const pick = (index) => page.locator("#grid button").nth(index);
  await change("pick A", () => pick(0).click(), "#pick-a");
  await change("pick B by keyboard", async () => {
    await pick(0).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
  }, "#pick-b");
  await page.waitForSelector("#path:not([hidden])");
  await change("animation", () => page.waitForTimeout(300), "#path-canvas");
  await page.click("#play");
  report.stopped = await page.textContent("#play");
  await slide(page.locator("#position"), 0);
  report.start = await pixels(page, "#path-canvas, #pick-a");
  await change("position", () => slide(page.locator("#position"), 12), "#path-canvas");
  await slide(page.locator("#position"), 24);
  report.end = await pixels(page, "#path-canvas, #pick-b");
  await change("pick C by touch", () => pick(3).tap(), "#pick-c");
  await page.waitForSelector("#sum:not([hidden])");
  report.sum = await pixels(page, "#sum-canvas");
  report.picked = await page.locator("#grid [aria-pressed=true]").count();
  report.files = [
    (await downloaded(page, "#path-download")).name,
    (await downloaded(page, "#sum-download")).name,
  ];
});
