/** What is being written, per conversation. Lives in memory alone and dies with the session. */
import { SvelteMap } from "svelte/reactivity";

import type { DraftView } from "../port/types.ts";

export function emptyDraft(conversation: string | null): DraftView {
  return { to: [], conversation, text: "", replyTo: null, priority: "routine", expiresSeconds: null, attachments: [], reason: "" };
}

export class Drafts {
  readonly #texts = new SvelteMap<string, DraftView>();
  of(conversation: string): DraftView {
    return this.#texts.get(conversation) ?? emptyDraft(conversation);
  }
  keep(conversation: string, draft: DraftView): void {
    this.#texts.set(conversation, draft);
  }
  clear(): void {
    this.#texts.clear();
  }
}
