/** Who may do what is asked, never known: `may()` remembers the core's answers and asks again when the roster changes. */
import { SvelteMap } from "svelte/reactivity";

import type { Port } from "../port/port.ts";
import type { Action } from "../port/types.ts";

interface Question {
  action: Action;
  conversation: string | null;
  message: string | null;
}

export class Rights {
  readonly #port: Port;
  readonly #answers = new SvelteMap<string, boolean>();
  readonly #asked = new Map<string, Question>();
  /** Rises when a session ends: answers on their way are for nobody. */
  #session = 0;

  constructor(port: Port) {
    this.#port = port;
  }

  /** False until the core has said yes. */
  may(action: Action, conversation: string | null = null, message: string | null = null): boolean {
    const key = `${action}|${conversation}|${message}`;
    const known = this.#answers.get(key);
    if (known === undefined && !this.#asked.has(key)) {
      this.#asked.set(key, { action, conversation, message });
      // Asked after the drawing that asks: a question must not change what is being drawn.
      queueMicrotask(() => this.#ask(key));
    }
    return known ?? false;
  }

  #ask(key: string): void {
    const question = this.#asked.get(key);
    const session = this.#session;
    if (!question) return;
    this.#port.call("may", question).then(
      (answer) => {
        if (session === this.#session) this.#answers.set(key, answer);
      },
      () => {
        // No answer is no: it is asked again when next wanted.
        if (session !== this.#session) return;
        this.#asked.delete(key);
        this.#answers.delete(key);
      },
    );
  }

  /** Asks everything again; what was true stays so until the core has answered, so that nothing blinks. */
  refresh(): void {
    for (const key of this.#asked.keys()) this.#ask(key);
  }

  /** Another person, or nobody. */
  forget(): void {
    this.#session += 1;
    this.#asked.clear();
    this.#answers.clear();
  }
}
