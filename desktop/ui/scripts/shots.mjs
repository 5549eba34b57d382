/**
 * Pictures of every screen, light, dark and high contrast, English and German, for somebody to look at; each is put
 * before axe as well, with a layout. Wants a Chromium
 * (`CHROMIUM=/usr/bin/chromium`), a build (`npm run build`), and writes into `shots/`. It serves the build itself,
 * under the shell's content policy, so a picture that is wrong may be a policy that is broken.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { preview } from "vite";

const row = (page, at) => page.locator("[data-row]").nth(at).click();
const section = (page, at) => page.keyboard.press(`Alt+${at}`);
const admin = async (page, at) => {
  await section(page, 4);
  await page.locator(".admin nav button").nth(at).click();
};

const SHOTS = [
  { name: "inbox" },
  { name: "timeline", steps: (page) => page.locator("[data-row]", { hasText: "Potassium" }).click() },
  { name: "readback", steps: async (page) => { await page.locator("[data-row]", { hasText: "Potassium" }).click(); await page.locator("[data-read-back]").click(); } },
  { name: "readback-chosen", steps: async (page) => { await page.locator("[data-row]", { hasText: "Blood culture" }).click(); await page.locator("[data-read-back]").click(); } },
  { name: "correction", steps: (page) => page.locator("[data-row]", { hasText: "Blood count" }).click() },
  { name: "wrong-patient", steps: (page) => page.locator("[data-row]", { hasText: "INR" }).click() },
  { name: "provider-clock", steps: (page) => page.locator("[data-row]", { hasText: "Glucose" }).click() },
  { name: "long-history", steps: (page) => page.locator("[data-row]", { hasText: "Ward 5 night" }).click() },
  { name: "attachments", steps: (page) => page.locator("[data-row]", { hasText: "Cardiology on call" }).click() },
  { name: "offline", query: "scene=offline", steps: (page) => row(page, 0) },
  { name: "empty", query: "scene=empty" },
  { name: "compose", steps: async (page) => { await page.keyboard.press("Control+n"); await page.getByRole("combobox").first().fill("car"); } },
  { name: "patients", steps: async (page) => { await section(page, 3); await page.locator(".patients .item").first().click(); } },
  { name: "on-call", steps: (page) => section(page, 2) },
  { name: "admin-people", steps: (page) => section(page, 4) },
  { name: "admin-devices", steps: (page) => admin(page, 1) },
  { name: "admin-lost", steps: async (page) => { await admin(page, 1); await page.locator("tbody button").nth(3).click(); } },
  { name: "admin-wipe", steps: async (page) => {
    await admin(page, 1);
    await page.locator("tbody button").nth(3).click();
    await page.locator("form .field input").fill("left in a taxi");
    await page.locator("button.danger").last().click();
    await page.waitForTimeout(9500);
  } },
  { name: "admin-invitations", steps: (page) => admin(page, 2) },
  { name: "admin-roles", steps: (page) => admin(page, 3) },
  { name: "admin-policy", steps: (page) => admin(page, 4) },
  { name: "admin-proposals", steps: (page) => admin(page, 5) },
  { name: "admin-reviews", steps: (page) => admin(page, 6) },
  { name: "admin-security", steps: (page) => admin(page, 7) },
  { name: "admin-times", steps: (page) => admin(page, 8) },
  { name: "settings", steps: (page) => section(page, 5) },
  { name: "help", steps: (page) => page.keyboard.press("F1") },
  { name: "lock", query: "scene=locked" },
  { name: "station", query: "scene=station" },
  { name: "wiped", query: "scene=wiped" },
  { name: "welcome", query: "scene=fresh" },
  { name: "join", query: "scene=fresh", steps: async (page) => { await page.locator(".way").first().click(); await page.locator("input").first().fill("sotto:join#7c1e90a4"); await page.locator("button.primary").click(); } },
  { name: "zoom200-inbox", size: { width: 640, height: 430 }, zoom: 2 },
  { name: "zoom200-timeline", size: { width: 640, height: 430 }, zoom: 2, steps: (page) => page.locator("[data-row]", { hasText: "Potassium" }).click() },
  { name: "narrow", size: { width: 320, height: 640 }, steps: (page) => page.locator("[data-row]", { hasText: "Potassium" }).click() },
];

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const only = process.argv.slice(2);
const variants = [["light", "en"], ["dark", "de"], ["contrast", "en"]];
const server = await preview({ logLevel: "silent" });
const browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
mkdirSync("shots", { recursive: true });
let complaints = 0;
for (const [theme, lang] of variants) {
  if (only.length > 0 && only.some((arg) => ["light", "dark", "contrast"].includes(arg)) && !only.includes(theme)) continue;
  for (const shot of SHOTS) {
    const names = only.filter((arg) => !["light", "dark", "contrast"].includes(arg));
    if (names.length > 0 && !names.some((name) => shot.name.startsWith(name))) continue;
    const page = await browser.newPage({ viewport: shot.size ?? { width: 1280, height: 860 }, deviceScaleFactor: shot.zoom ?? 1, timezoneId: "Europe/Berlin" });
    page.on("console", (message) => {
      if (message.type() === "error" && !message.location().url.endsWith("favicon.ico")) { complaints += 1; console.error(`${shot.name}: ${message.text()}`); }
    });
    page.on("pageerror", (error) => { complaints += 1; console.error(`${shot.name}: ${error.message}`); });
    await page.goto(`http://localhost:1421/?theme=${theme}&lang=${lang}&${shot.query ?? ""}`);
    await page.locator("main").first().waitFor({ state: "attached" });
    await page.waitForTimeout(150);
    try {
      await shot.steps?.(page);
    } catch (error) {
      complaints += 1;
      console.error(`${shot.name}: ${String(error).split("\n")[0]}`);
    }
    await page.waitForTimeout(350);
    // The same checker as in the tests, here with a layout: contrast and target sizes count.
    await page.evaluate(axe);
    const faults = await page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })).violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140)).join(" | ")}`));
    for (const fault of faults) { complaints += 1; console.error(`${shot.name} ${theme}: ${fault}`); }
    await page.screenshot({ path: `shots/${shot.name}-${theme}-${lang}.png` });
    await page.close();
  }
}
await browser.close();
await server.close();
console.log(complaints === 0 ? "no complaints" : `${complaints} complaints`);
process.exit(complaints === 0 ? 0 : 1);
