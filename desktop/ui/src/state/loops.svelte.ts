/** Who holds which critical result, by message. */
import { SvelteMap } from "svelte/reactivity";

import type { LoopView } from "../port/types.ts";

export class Loops {
  readonly #loops = new SvelteMap<string, LoopView>();
  of(message: string): LoopView | undefined {
    return this.#loops.get(message);
  }
  put(loop: LoopView): void {
    this.#loops.set(loop.message, loop);
  }
  reset(loops: LoopView[]): void {
    this.#loops.clear();
    for (const loop of loops) this.put(loop);
  }
}
