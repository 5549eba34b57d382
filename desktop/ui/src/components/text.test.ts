import { expect, test } from "vitest";

import { flat, pieces, plain, SHORT } from "./text.ts";

test("HTML is shown as it was typed", () => {
  expect(pieces("<img src=x onerror=alert(1)> <b>hi</b>", SHORT)).toEqual([{ kind: "text", text: "<img src=x onerror=alert(1)> <b>hi</b>" }]);
});

test("emphasis and code are kept, an address is words beside its label", () => {
  expect(pieces("a **b** *c* `d` [e](https://evil.test)", SHORT).map((p) => [p.kind, p.text])).toEqual([
    ["text", "a "], ["strong", "b"], ["text", " "], ["em", "c"], ["text", " "], ["code", "d"], ["text", " "], ["link", "e (https://evil.test)"],
  ]);
});

test("a picture of elsewhere is only its address", () => {
  expect(pieces("![x](https://evil.test/a.png)", SHORT)).toEqual([{ kind: "link", text: "x (https://evil.test/a.png)" }]);
});

test("a name cannot turn the text around", () => {
  expect(plain("Dr \u202Eavlis\u202C\u0000")).toBe("Dr avlis");
});

test("ten thousand combining marks are four", () => {
  expect(plain(`e${"\u0301".repeat(10_000)}`).length).toBe(5);
});

test("a line of a megabyte is cut before it is looked at, and fast", () => {
  const before = performance.now();
  const shown = pieces("*".repeat(500_000) + "[".repeat(500_000), SHORT);
  expect(shown.map((p) => p.text).join("").length).toBeLessThanOrEqual(SHORT);
  expect(performance.now() - before).toBeLessThan(500);
});

test("one line of a message carries no marks", () => {
  expect(flat("Looks like **SVT**\nand", 100)).toBe("Looks like SVT and");
});
