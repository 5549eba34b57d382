/** Time is handed in: a test winds it, the browser lets it run from the same night every time. */
export interface Clock {
  now(): number;
}

/** 22 November 2026, 03:33:30 in Berlin. */
export const NIGHT = Date.parse("2026-11-22T02:33:30Z");

export class HandClock implements Clock {
  #now: number;
  constructor(start = NIGHT) {
    this.#now = start;
  }
  now(): number {
    return this.#now;
  }
  wind(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

export function runningClock(start = NIGHT): Clock {
  const began = performance.now();
  return { now: () => start + performance.now() - began };
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
