/** Rules about the sources themselves. */
import { parse } from "svelte/compiler";
import { describe, expect, test } from "vitest";

const sources = import.meta.glob<string>("../**/*.{ts,svelte,css}", { query: "?raw", import: "default", eager: true });
const files = Object.entries(sources).map(([path, text]) => ({ path: path.replace("../", "src/").replace("src/./", "src/test/"), text }));
const components = files.filter((file) => file.path.endsWith(".svelte"));

test("there is something to look at", () => {
  expect(components.length).toBeGreaterThan(50);
});

test("only src/port/tauri imports @tauri-apps", () => {
  const importers = files.filter((file) => /from\s+["']@tauri-apps|import\(["']@tauri-apps/.test(file.text)).map((file) => file.path);
  expect(importers).not.toEqual([]);
  expect(importers.filter((path) => !path.startsWith("src/port/tauri/"))).toEqual([]);
});

test("no screen, component or store knows which port is behind it", () => {
  const inside = files.filter((file) => /^src\/(screens|components|state|words)\//.test(file.path) && !file.path.endsWith(".test.ts"));
  expect(inside.filter((file) => /port\/(tauri|memory)/.test(file.text)).map((file) => file.path)).toEqual([]);
});

test("no file is longer than 300 lines", () => {
  expect(files.filter((file) => file.text.split("\n").length > 300).map((file) => file.path)).toEqual([]);
});

test("nothing a strict content policy forbids: no raw HTML, no style attribute, no eval", () => {
  const bad = files.filter((file) => !file.path.endsWith("sources.test.ts") && /\{@html|\sstyle="|\beval\(|new Function\(|innerHTML|srcdoc|<iframe/.test(file.text));
  expect(bad.map((file) => file.path)).toEqual([]);
});

test("nothing is kept in the browser: no storage, no cookie, no console, no fetch", () => {
  const bad = files.filter((file) => !file.path.endsWith(".test.ts") && /localStorage|sessionStorage|indexedDB|document\.cookie|console\.|\bfetch\(|XMLHttpRequest/.test(file.text));
  expect(bad.map((file) => file.path)).toEqual([]);
});

interface Node {
  type: string;
  data?: string;
  name?: string;
  value?: unknown;
  [key: string]: unknown;
}

const SPOKEN = new Set(["aria-label", "title", "placeholder", "alt", "label", "legend", "hint", "text", "name"]);
const LETTERS = /\p{L}{2,}/u;

/** Every text a reader would see that stands in the component itself. */
function written(node: unknown, inside: string, out: string[]): void {
  if (Array.isArray(node)) {
    for (const one of node) written(one, inside, out);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  const { type, data, name } = node as Node;
  if (type === "Text" && data && LETTERS.test(data) && inside === "") out.push(data.trim());
  if (type === "Attribute") {
    const literal = Array.isArray((node as Node).value) ? ((node as Node).value as Node[]) : [];
    for (const part of literal) if (part.type === "Text" && part.data && LETTERS.test(part.data) && SPOKEN.has(name ?? "") && !["name"].includes(name ?? "")) out.push(`${name}=${part.data}`);
    return;
  }
  for (const [key, value] of Object.entries(node as Node)) if (key !== "parent") written(value, type === "Attribute" ? "attribute" : inside, out);
}

describe("no word a reader sees stands in a component", () => {
  test.each(components.map((file) => [file.path, file.text] as const))("%s", (_path, text) => {
    const out: string[] = [];
    written(parse(text, { modern: true }).fragment, "", out);
    expect(out).toEqual([]);
  });
});

test("every command of the port is known to the box", async () => {
  const commands = sources["../port/types/commands.ts"] ?? "";
  const names = [...commands.matchAll(/^ {2}(\w+)\(a: /gm)].map((hit) => hit[1] ?? "");
  expect(names.length).toBeGreaterThan(50);
  const box = files.filter((file) => file.path.startsWith("src/port/memory/commands/")).map((file) => file.text).join("\n");
  expect(names.filter((name) => !new RegExp(`^ {2}${name}: `, "m").test(box))).toEqual([]);
});
