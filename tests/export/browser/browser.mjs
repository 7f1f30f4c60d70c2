// What the scenarios share: a Chromium that writes down requests, errors and axe's findings.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8");
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Of the command line: the address of a page, Chromium's path, what a scenario needs besides. */
export const [address, executablePath, ...further] = process.argv.slice(2);

export function launch() {
  return chromium.launch({ executablePath, args: FLAGS });
}

/** Run a scenario on the page; prints its report as JSON. `scenario(page, report)` fills it. */
export async function run(scenario) {
  const browser = await launch();
  const report = { outside: [], console: [], changes: {}, violations: [] };
  try {
    const context = await browser.newContext({ acceptDownloads: true, hasTouch: true });
    const page = await context.newPage();
    context.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(address) && !/^(blob|data):/.test(url)) report.outside.push(url);
    });
    page.on("console", (message) => report.console.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => report.console.push(`error: ${error.message}`));
    const start = Date.now();
    await page.goto(address);
    await page.waitForSelector("main[aria-busy=false]", { timeout: 60_000 });
    report.seconds = (Date.now() - start) / 1000;
    await scenario(page, report);
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [1280, 360]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        await settled(page);
        report.violations.push(...(await violations(page, `${colorScheme} ${width}`)));
      }
    }
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify(report));
}

// The end of what the change of colours animates: until then they are between two themes.
function settled(page) {
  return page.evaluate(() => {
    const ends = document.getAnimations().filter(({ transitionProperty }) => transitionProperty);
    return Promise.allSettled(ends.map((animation) => animation.finished));
  });
}

async function violations(page, where) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  // By the debugger: the page's policy forbids scripts of others.
  await page.evaluate(axe);
  const found = (await page.evaluate(() => axe.run())).violations.map(
    ({ id, nodes }) => `${where}: ${id} ${nodes[0].html}`,
  );
  return overflow > 0 ? [...found, `${where}: ${overflow} pixels too wide`] : found;
}

/** Note whether an action changes the pixels of the canvases that a selector finds. */
export async function changes(page, report, name, selector, action) {
  const before = await pixels(page, selector);
  await action();
  const differs = async () => (await pixels(page, selector)).join() !== before.join();
  const end = Date.now() + 15_000;
  while (!(await differs()) && Date.now() < end) await page.waitForTimeout(50);
  report.changes[name] = await differs();
}

/** The RGBA bytes of the canvases that a selector finds, each in Base64. */
export function pixels(page, selector) {
  return page.$$eval(selector, (canvases) =>
    canvases.map((canvas) => {
      const context = canvas.getContext("2d", { willReadFrequently: true });
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(""));
    }),
  );
}

/** Move a slider to a value, as its user would see it. */
export function slide(locator, value) {
  return locator.evaluate((input, to) => {
    input.value = to;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }, value);
}

/** The bytes, in Base64, of the file that a button offers. */
export async function downloaded(page, button) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
  const bytes = readFileSync(await download.path(), "base64");
  return { name: download.suggestedFilename(), bytes };
}
