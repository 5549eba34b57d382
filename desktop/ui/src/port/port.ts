/**
 * The one way to the core. Screens and state know this interface and nothing behind it: `tauri/` speaks to the real core,
 * `memory/` is a hospital in a box for a plain browser and for tests.
 */
import type { Answer, Args, CommandName, ErrorCode, ErrorView, Event, Retry } from "./types.ts";

export interface Port {
  /** Runs a command. Rejects with a `PortError` and nothing else. */
  call<C extends CommandName>(command: C, args: Args<C>): Promise<Answer<C>>;
  /** Hears every event from now on; the answer stops it. */
  listen(hear: (event: Event) => void): () => void;
  /** Now, in milliseconds, as the core's clock says (corrected by the relay's signed time). */
  now(): number;
}

/** Why a command failed: a stable code. The words are in `words/`. */
export class PortError extends Error implements ErrorView {
  readonly code: ErrorCode;
  readonly retry: Retry;
  constructor(view: ErrorView) {
    super(view.code);
    this.name = "PortError";
    this.code = view.code;
    this.retry = view.retry;
  }
}

/** Whatever was thrown, as a code. What no port should throw becomes `client.failed`. */
export function errorOf(thrown: unknown): ErrorView {
  return thrown instanceof PortError ? thrown : { code: "client.failed", retry: "later" };
}
