/** Where each row of a long list begins, when rows have their own heights. Looking up and changing take log n. */
export class Heights {
  readonly length: number;
  readonly #tree: Float64Array;
  readonly #rows: Float64Array;

  constructor(rows: ArrayLike<number>) {
    this.length = rows.length;
    this.#rows = Float64Array.from(rows);
    this.#tree = new Float64Array(rows.length + 1);
    for (let at = 1; at <= rows.length; at++) {
      this.#tree[at] = (this.#tree[at] ?? 0) + (this.#rows[at - 1] ?? 0);
      const parent = at + (at & -at);
      if (parent <= rows.length) this.#tree[parent] = (this.#tree[parent] ?? 0) + (this.#tree[at] ?? 0);
    }
  }

  get total(): number {
    return this.offset(this.length);
  }

  /** The height of all rows before this one. */
  offset(row: number): number {
    let sum = 0;
    for (let at = row; at > 0; at -= at & -at) sum += this.#tree[at] ?? 0;
    return sum;
  }

  /** The row at this depth. */
  at(depth: number): number {
    let place = 0;
    let rest = depth;
    for (let step = 2 ** Math.floor(Math.log2(Math.max(1, this.length))); step >= 1; step /= 2) {
      const next = place + step;
      const sum = this.#tree[next] ?? 0;
      if (next <= this.length && sum <= rest) {
        place = next;
        rest -= sum;
      }
    }
    return Math.min(place, Math.max(0, this.length - 1));
  }

  /** True where it changed. */
  set(row: number, height: number): boolean {
    const difference = height - (this.#rows[row] ?? 0);
    if (difference === 0 || row < 0 || row >= this.length) return false;
    this.#rows[row] = height;
    for (let at = row + 1; at <= this.length; at += at & -at) this.#tree[at] = (this.#tree[at] ?? 0) + difference;
    return true;
  }
}
