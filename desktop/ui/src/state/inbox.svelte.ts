/** The rows of the inbox, kept by diffs. What waits longest stands on top; the core decides what waits. */
import { SvelteMap } from "svelte/reactivity";

import type { InboxRowView } from "../port/types.ts";

export type Filter = "me" | "duty" | "unread" | "all";

export function waits(row: InboxRowView): boolean {
  return row.alarm !== "none" || row.conversation.unacknowledged > 0;
}

/** Those without a clock but with an alarm first, then by the time that is left, then the newest. */
function compare(a: InboxRowView, b: InboxRowView): number {
  if (waits(a) !== waits(b)) return waits(a) ? -1 : 1;
  if (waits(a)) {
    const left = (row: InboxRowView) => (row.until ? Date.parse(row.until) : 0);
    if (left(a) !== left(b)) return left(a) - left(b);
  }
  return b.at.localeCompare(a.at);
}

export class Inbox {
  readonly #rows = new SvelteMap<string, InboxRowView>();
  filter = $state<Filter>("all");
  ready = $state(false);

  readonly sorted = $derived([...this.#rows.values()].sort(compare));
  readonly shown = $derived(this.sorted.filter((row) => this.#matches(row)));
  readonly waiting = $derived(this.shown.filter(waits));
  readonly rest = $derived(this.shown.filter((row) => !waits(row)));
  readonly alarms = $derived(this.sorted.filter((row) => row.alarm !== "none" && row.alarm !== "unsent" && row.alarm !== "provider"));

  #matches(row: InboxRowView): boolean {
    switch (this.filter) {
      case "me":
        return row.addressed === "me";
      case "duty":
        return row.addressed === "duty";
      case "unread":
        return row.unread > 0 || waits(row);
      case "all":
        return true;
    }
  }

  count(filter: Filter): number {
    return this.sorted.filter((row) => (filter === "unread" ? row.unread > 0 : waits(row) && row.addressed === filter)).length;
  }

  get(conversation: string): InboxRowView | undefined {
    return this.#rows.get(conversation);
  }

  put(row: InboxRowView): void {
    this.#rows.set(row.conversation.id, row);
  }

  remove(conversation: string): void {
    this.#rows.delete(conversation);
  }

  reset(rows: InboxRowView[]): void {
    this.#rows.clear();
    for (const row of rows) this.put(row);
    this.ready = true;
  }
}
