import { expect, test } from "vitest";

import css from "./tokens.css?raw";

function theme(selector: string): Map<string, string> {
  const block = css.split(`${selector} {`)[1]?.split("}")[0] ?? "";
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((m) => [m[1] ?? "", m[2] ?? ""]));
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const GROUNDS = ["paper", "surface", "sunken"];
const TEXT: [ink: string, grounds: string[]][] = [
  ["ink", [...GROUNDS, "brand-soft", "critical-soft", "urgent-soft", "ok-soft"]],
  ["ink-2", [...GROUNDS, "brand-soft", "critical-soft"]],
  ["ink-3", GROUNDS],
  ["brand", ["paper", "surface", "brand-soft"]],
  ["brand-ink", ["brand"]],
  ["critical", ["paper", "surface", "critical-soft"]],
  ["critical-ink", ["critical"]],
  ["urgent", ["paper", "surface", "urgent-soft"]],
  ["ok", ["paper", "surface", "ok-soft"]],
];

test.each([":root", '[data-theme="dark"]', '[data-theme="contrast"]'])("every ink is readable on its grounds: %s", (selector) => {
  const tokens = theme(selector);
  const low: string[] = [];
  for (const [ink, grounds] of TEXT) {
    for (const ground of grounds) {
      const ratio = contrast(tokens.get(ink) ?? "", tokens.get(ground) ?? "");
      if (!(ratio >= (selector.includes("contrast") ? 7 : 4.5))) low.push(`${ink} on ${ground}: ${ratio.toFixed(2)}`);
    }
  }
  // Edges of controls and the focus ring: WCAG 1.4.11.
  for (const mark of ["edge", "focus"]) {
    for (const ground of GROUNDS) {
      const ratio = contrast(tokens.get(mark) ?? "", tokens.get(ground) ?? "");
      if (!(ratio >= 3)) low.push(`${mark} on ${ground}: ${ratio.toFixed(2)}`);
    }
  }
  expect(low).toEqual([]);
});
