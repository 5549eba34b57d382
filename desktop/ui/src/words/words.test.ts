import { expect, test } from "vitest";

import { ERROR_CODES } from "../port/types.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { bytes, roughSpan, span } from "./format.ts";
import { language, t } from "./language.svelte.ts";

function leaves(value: unknown, path = ""): [path: string, leaf: unknown][] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key));
}

/** What a function of words says, for any arguments. */
function said(leaf: unknown): string {
  return typeof leaf === "function" ? String((leaf as (...a: unknown[]) => unknown)(2, 3, "x")) : String(leaf);
}

test("both languages have the same words", () => {
  expect(leaves(de).map(([path]) => path).sort()).toEqual(leaves(en).map(([path]) => path).sort());
});

test("a word is a text in both, or a function of the same arguments in both", () => {
  const german = new Map(leaves(de));
  const odd = leaves(en).filter(([path, leaf]) => typeof leaf !== typeof german.get(path) || (typeof leaf === "function" && leaf.length !== (german.get(path) as { length: number }).length));
  expect(odd.map(([path]) => path)).toEqual([]);
});

test("no word is empty, but what to do where nothing can be done", () => {
  for (const words of [en, de]) {
    expect(leaves(words).filter(([path, leaf]) => said(leaf) === "" && !path.endsWith(".todo")).map(([path]) => path)).toEqual([]);
  }
});

test("sentences are translated", () => {
  const german = new Map(leaves(de));
  const same = leaves(en).filter(([path, leaf]) => said(leaf).split(" ").length > 3 && said(leaf) === said(german.get(path)));
  expect(same.map(([path]) => path)).toEqual([]);
});

test("every error code has its words", () => {
  expect(Object.keys(en.errors).sort()).toEqual([...ERROR_CODES].sort());
});

test("one and many", () => {
  expect(en.inbox.unreadCount(1)).toBe("1 unread");
  expect(en.inbox.waitingCount(1)).toBe("1 result waits");
  expect(en.inbox.waitingCount(2)).toBe("2 results wait");
  expect(de.inbox.waitingCount(1)).toBe("1 Befund wartet");
  expect(de.inbox.waitingCount(1200)).toBe("1.200 Befunde warten");
});

test("spans and sizes follow the language", () => {
  language.choose("en");
  expect(span(402_000)).toBe("6 min 42 s");
  expect(roughSpan(402_000)).toBe("6 min");
  expect(span(0)).toBe("0 s");
  expect(bytes(284_120)).toBe("284 kB");
  language.choose("de");
  expect(t.inbox.title).toBe("Eingang");
  expect(span(26 * 3_600_000)).toBe("1 T 2 h");
  language.choose("en");
});
