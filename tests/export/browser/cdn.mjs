// A page that loads its runtime from a CDN, which this plays: with the files, then with others.

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { address, further, launch } from "./browser.mjs";

const HEADERS = {
  "Access-Control-Allow-Origin": "*",
  "Cross-Origin-Resource-Policy": "cross-origin",
};
const [folder] = further;
const browser = await launch();
const report = { texts: [], requests: [] };
for (const damage of ["", " "]) {
  const context = await browser.newContext();
  await context.route("https://cdn.jsdelivr.net/**", (route) => {
    const url = route.request().url();
    report.requests.push(url);
    const body = Buffer.concat([readFileSync(join(folder, basename(url))), Buffer.from(damage)]);
    return route.fulfill({ body, headers: HEADERS });
  });
  const page = await context.newPage();
  await page.goto(address);
  await page.waitForSelector("main[aria-busy=false], .failed", { timeout: 60_000 });
  report.texts.push(await page.textContent("#status, #loading-text"));
}
await browser.close();
console.log(JSON.stringify(report));
