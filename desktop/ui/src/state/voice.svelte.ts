/** What is said aloud and shown for a moment: a polite line, an assertive one, and the last failure. */
import type { ErrorView } from "../port/types.ts";

export class Voice {
  polite = $state("");
  assertive = $state("");
  note = $state<{ text: string; kind: "done" | "error" } | null>(null);
  error = $state.raw<ErrorView | null>(null);

  /** Something went well: shown for a while and read politely. */
  say(text: string): void {
    this.polite = text;
    this.error = null;
    this.note = { text, kind: "done" };
  }

  /** Read at once, whatever is being read. */
  alarm(text: string): void {
    this.assertive = text;
  }

  fail(error: ErrorView): void {
    this.note = null;
    this.error = error;
  }

  clear(): void {
    this.polite = "";
    this.assertive = "";
    this.note = null;
    this.error = null;
  }
}
