/** How long nobody has touched the window. The shell's own clock decides; this one shows it and locks early if need be. */
import type { App } from "./app.svelte.ts";

/** Telling the core more often than this adds nothing. */
const TELL_EVERY = 15_000;

export class Idle {
  readonly #app: App;
  #touched = $state(0);
  #told = 0;

  constructor(app: App) {
    this.#app = app;
    this.#touched = app.port.now();
  }

  readonly touch = (): void => {
    const now = this.#app.port.now();
    this.#touched = now;
    if (now - this.#told < TELL_EVERY) return;
    this.#told = now;
    void this.#app.port.call("activity", {}).catch(() => undefined);
  };

  /** Milliseconds until it locks. */
  get left(): number {
    const session = this.#app.session;
    if (!session) return 0;
    const idle = this.#touched + session.idleLockSeconds * 1000 - this.#app.clock.now;
    const end = session.ends ? Date.parse(session.ends) - this.#app.clock.now : idle;
    return Math.max(0, Math.min(idle, end));
  }
}
