import { expect, test } from "vitest";

import { Heights } from "./heights.ts";

test("offsets and rows are each other's inverse, after changes too", () => {
  const heights = new Heights(Array.from({ length: 1000 }, (_, at) => 20 + (at % 7)));
  for (const [row, height] of [[3, 500], [999, 1], [500, 77], [3, 30]] as const) heights.set(row, height);
  for (const row of [0, 1, 3, 4, 499, 500, 501, 998, 999]) {
    expect(heights.at(heights.offset(row))).toBe(row);
    expect(heights.at(heights.offset(row + 1) - 0.5)).toBe(row);
  }
  expect(heights.at(heights.total + 1000)).toBe(999);
  expect(heights.offset(1000)).toBe(heights.total);
});

test("an empty list is no trouble", () => {
  const heights = new Heights([]);
  expect(heights.total).toBe(0);
  expect(heights.at(10)).toBe(0);
});

test("a hundred thousand rows are looked up in no time", () => {
  const heights = new Heights(new Float64Array(100_000).fill(72));
  const before = performance.now();
  for (let turn = 0; turn < 10_000; turn++) heights.at(turn * 700);
  expect(performance.now() - before).toBeLessThan(200);
});
