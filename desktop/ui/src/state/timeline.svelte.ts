/** One open conversation: the newest page, earlier ones on demand, and every change as a diff. */
import { SvelteMap } from "svelte/reactivity";

import { errorOf, type Port } from "../port/port.ts";
import type { Diff, ErrorView, MessageStatusView, MessageView, Unmask } from "../port/types.ts";

const PAGE = 100;

export class Timeline {
  readonly conversation: string;
  readonly #port: Port;
  messages = $state.raw<MessageView[]>([]);
  loading = $state(true);
  atStart = $state(false);
  error = $state.raw<ErrorView | null>(null);
  /** Rises with every message that came after opening. */
  arrived = $state(0);
  readonly #states = new SvelteMap<string, MessageStatusView>();
  readonly #asked = new Set<string>();
  /** Shown in clear, by message, until the conversation is left. */
  readonly #clear = new SvelteMap<string, MessageView>();

  constructor(port: Port, conversation: string) {
    this.#port = port;
    this.conversation = conversation;
  }

  async open(): Promise<void> {
    this.loading = true;
    try {
      this.#take(await this.#port.call("watch", { conversation: this.conversation, limit: PAGE }));
      this.error = null;
    } catch (thrown) {
      this.error = errorOf(thrown);
    } finally {
      this.loading = false;
    }
  }

  #take(messages: MessageView[]): void {
    this.messages = messages;
    this.atStart = messages.length < PAGE;
  }

  async earlier(limit = PAGE): Promise<void> {
    const first = this.messages[0];
    if (!first || this.loading || this.atStart) return;
    this.loading = true;
    try {
      const page = await this.#port.call("page", { conversation: this.conversation, before: first.id, limit });
      this.messages = [...page, ...this.messages];
      this.atStart = page.length < limit;
    } catch (thrown) {
      this.error = errorOf(thrown);
    } finally {
      this.loading = false;
    }
  }

  apply(diff: Diff): void {
    switch (diff.type) {
      case "append":
        this.messages = [...this.messages, diff.message];
        this.arrived += 1;
        break;
      case "update": {
        this.messages = this.messages.map((known) => (known.id === diff.message.id ? diff.message : known));
        this.#clear.delete(diff.message.id);
        break;
      }
      case "state":
        this.#states.set(diff.status.message, diff.status);
        break;
      case "reset":
        this.#clear.clear();
        this.#take(diff.messages);
        break;
    }
  }

  find(id: string): MessageView | undefined {
    return this.messages.find((message) => message.id === id);
  }

  /** The message as it may be shown now: in clear where that was asked for and granted. */
  shown(message: MessageView): MessageView {
    return this.#clear.get(message.id) ?? message;
  }

  async reveal(id: string, unmask: Unmask): Promise<void> {
    this.#clear.set(id, await this.#port.call("message", { message: id, unmask }));
  }

  mask(id: string): void {
    this.#clear.delete(id);
  }

  /** The states of a message; asked for when first wanted, then kept by diffs. */
  status(id: string): MessageStatusView | null {
    const known = this.#states.get(id);
    if (!known && !this.#asked.has(id)) {
      this.#asked.add(id);
      queueMicrotask(() => {
        this.#port.call("status", { message: id }).then(
          (status) => {
            if (!this.#states.has(id)) this.#states.set(id, status);
          },
          () => this.#asked.delete(id),
        );
      });
    }
    return known ?? null;
  }
}
