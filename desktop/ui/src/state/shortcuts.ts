/** Keys that work anywhere. All carry a modifier, so that no letter typed by chance does anything (WCAG 2.1.4). */
export type ShortcutId =
  | "inbox" | "onCall" | "patients" | "admin" | "settings" | "search" | "compose" | "readBack" | "panes" | "lock" | "help";

export interface Shortcut {
  id: ShortcutId;
  keys: string[];
  matches: (event: KeyboardEvent) => boolean;
}

const alt = (key: string) => (event: KeyboardEvent) => event.altKey && !event.ctrlKey && event.key.toLowerCase() === key;
const ctrl = (key: string) => (event: KeyboardEvent) =>
  (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === key;

export const SHORTCUTS: Shortcut[] = [
  { id: "inbox", keys: ["Alt", "1"], matches: alt("1") },
  { id: "onCall", keys: ["Alt", "2"], matches: alt("2") },
  { id: "patients", keys: ["Alt", "3"], matches: alt("3") },
  { id: "admin", keys: ["Alt", "4"], matches: alt("4") },
  { id: "settings", keys: ["Alt", "5"], matches: alt("5") },
  { id: "search", keys: ["Ctrl", "K"], matches: ctrl("k") },
  { id: "compose", keys: ["Ctrl", "N"], matches: ctrl("n") },
  { id: "readBack", keys: ["Alt", "R"], matches: alt("r") },
  { id: "panes", keys: ["F6"], matches: (event) => event.key === "F6" },
  { id: "lock", keys: ["Ctrl", "L"], matches: ctrl("l") },
  { id: "help", keys: ["F1"], matches: (event) => event.key === "F1" },
];

/** Moves to the next part of the window, marked `data-pane`, as F6 does everywhere. */
export function nextPane(back: boolean): void {
  const panes = [...document.querySelectorAll<HTMLElement>("[data-pane]")];
  if (panes.length === 0) return;
  const here = panes.findIndex((pane) => pane.contains(document.activeElement));
  const next = panes[(here + (back ? -1 : 1) + panes.length) % panes.length];
  const inside = next?.querySelector<HTMLElement>('[tabindex="0"], a[href], button:not(:disabled), input:not(:disabled), textarea, select');
  (inside ?? next)?.focus();
}
