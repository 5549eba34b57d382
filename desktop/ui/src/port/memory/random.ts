/** Numbers that look random and are the same in every run (mulberry32). For the hospital in a box only. */
export class Seeded {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  /** From 0 to below `n`. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  pick<T>(from: readonly T[]): T {
    const value = from[this.below(from.length)];
    if (value === undefined) throw new RangeError("nothing to pick from");
    return value;
  }
  hex(digits: number): string {
    let out = "";
    while (out.length < digits) out += this.below(16).toString(16);
    return out;
  }
}

const CONSONANTS = "bdfghjklmnprstvz";
const VOWELS = "aiou";

/** A pronounceable token, as core/content/src/masking/token.rs makes it. */
export function token(random: Seeded): string {
  const half = () =>
    [CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS].map((set) => random.pick([...set])).join("");
  return `${half()}-${half()}`;
}
