/** Now, once a second, for everything that counts down. */
export class Clock {
  now = $state(0);
  readonly #read: () => number;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(read: () => number) {
    this.#read = read;
    this.now = read();
  }

  start(): void {
    this.stop();
    this.tick();
    this.#timer = setInterval(() => this.tick(), 1000);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  tick(): void {
    this.now = this.#read();
  }

  /** Milliseconds until then; zero once it has passed. */
  left(until: string): number {
    return Math.max(0, Date.parse(until) - this.now);
  }
}
