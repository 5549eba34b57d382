/** Something that takes a while and may fail: busy, error, and never two at once. */
import { errorOf } from "../port/port.ts";
import type { ErrorView } from "../port/types.ts";

export class Task<A extends unknown[] = []> {
  busy = $state(false);
  error = $state.raw<ErrorView | null>(null);
  readonly #work: (...args: A) => Promise<unknown>;

  constructor(work: (...args: A) => Promise<unknown>) {
    this.#work = work;
  }

  /** True where it went well. */
  readonly run = async (...args: A): Promise<boolean> => {
    if (this.busy) return false;
    this.busy = true;
    this.error = null;
    try {
      await this.#work(...args);
      return true;
    } catch (thrown) {
      this.error = errorOf(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  };

  clear(): void {
    this.error = null;
  }
}

/** Something to be read once, and again when told. */
export class Reading<T> {
  value = $state.raw<T | null>(null);
  error = $state.raw<ErrorView | null>(null);
  readonly #read: () => Promise<T>;
  #turn = 0;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  readonly again = async (): Promise<void> => {
    const turn = ++this.#turn;
    try {
      const value = await this.#read();
      if (turn !== this.#turn) return;
      this.value = value;
      this.error = null;
    } catch (thrown) {
      if (turn === this.#turn) this.error = errorOf(thrown);
    }
  };
}
