/** Times, dates, sizes and lists as the reader writes them. The zone is the reader's; seconds only in proofs. */
import { language, t } from "./language.svelte.ts";

const made = new Map<string, Intl.DateTimeFormat>();

function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language.locale + JSON.stringify(options);
  const known = made.get(key) ?? new Intl.DateTimeFormat(language.locale, options);
  made.set(key, known);
  return known;
}

const HM = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;

export const clockTime = (at: string): string => dates(HM).format(new Date(at));
export const proofTime = (at: string): string => dates({ ...HM, second: "2-digit" }).format(new Date(at));
export const longDay = (at: string): string => dates({ weekday: "long", day: "numeric", month: "long" }).format(new Date(at));
export const shortDay = (at: string): string => dates({ weekday: "short", day: "numeric", month: "short" }).format(new Date(at));
export const weekday = (at: string): string => dates({ weekday: "short" }).format(new Date(at));
export const dayTime = (at: string): string => `${shortDay(at)}, ${clockTime(at)}`;

/** `1948-07-02` without a zone: the day somebody was born does not move. */
export function birthDay(day: string): string {
  const at = new Date(`${day}T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? day : dates({ day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }).format(at);
}

export function sameDay(a: string, b: string): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/** Time today, weekday in the last week, else the date. */
export function listTime(at: string, now: number): string {
  const then = new Date(at);
  if (then.toDateString() === new Date(now).toDateString()) return clockTime(at);
  return now - then.getTime() < 6 * 86_400_000 ? weekday(at) : dates({ day: "numeric", month: "short" }).format(then);
}

/** A span in its two largest units: `6 min 42 s`, `3 d 4 h`. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), t.units.day],
    [Math.floor(seconds / 3600) % 24, t.units.hour],
    [Math.floor(seconds / 60) % 60, t.units.minute],
    [seconds % 60, t.units.second],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  if (first < 0) return `0 ${t.units.second}`;
  return parts.slice(first, first + 2).filter(([n], at) => at === 0 || n > 0).map(([n, unit]) => `${n} ${unit}`).join(" ");
}

/** The same without jitter: whole minutes above one. */
export function roughSpan(milliseconds: number): string {
  return span(milliseconds < 60_000 ? milliseconds : Math.floor(milliseconds / 60_000) * 60_000);
}

export function bytes(size: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  let at = 0;
  let n = size;
  while (n >= 1000 && at < units.length - 1) {
    n /= 1000;
    at += 1;
  }
  return new Intl.NumberFormat(language.locale, {
    style: "unit", unit: units[at] ?? "byte", unitDisplay: "short", maximumFractionDigits: n < 10 && at > 0 ? 1 : 0,
  }).format(n);
}

export const count = (n: number): string => new Intl.NumberFormat(language.locale).format(n);
export const list = (items: string[]): string => new Intl.ListFormat(language.locale, { type: "conjunction" }).format(items);
