/** A hospital in a box: the port without a core, the same every time. Everything in it is invented. */
import { errorOf, type Port, PortError } from "../port.ts";
import type { Answer, Args, CommandName } from "../types.ts";
import { admin } from "./commands/admin.ts";
import { care } from "./commands/care.ts";
import { compose } from "./commands/compose.ts";
import { device } from "./commands/device.ts";
import type { AllHandlers } from "./commands/handlers.ts";
import { loop } from "./commands/loop.ts";
import { messages } from "./commands/messages.ts";
import { results } from "./commands/results.ts";
import { session } from "./commands/session.ts";
import { wipe } from "./commands/wipe.ts";
import { sow } from "./seed.ts";
import { type Options, World } from "./world.ts";

const HANDLERS = {
  ...session, ...messages, ...loop, ...compose, ...results, ...care, ...admin, ...wipe, ...device,
} as AllHandlers;

/** Works while the store is locked. */
const OPEN_TO_ALL: CommandName[] = [
  "session", "capabilities", "unlock", "switchPerson", "preferences", "setPreferences", "connection", "activity", "lock",
  "readLink", "readQr", "join", "awaitApproval", "found",
];

export interface MemoryPort extends Port {
  /** For tests and the browser's scenes: the box itself. */
  readonly world: World;
}

export function memoryPort(options: Options): MemoryPort {
  const world = new World(options);
  if (options.scene !== "empty") sow(world, options.past ?? 100_000);
  return {
    world,
    async call<C extends CommandName>(command: C, args: Args<C>): Promise<Answer<C>> {
      await Promise.resolve();
      if (command === "awaitApproval") await new Promise((agreed) => setTimeout(agreed, options.approval ?? 0));
      if (world.session.state !== "open" && !OPEN_TO_ALL.includes(command)) {
        throw new PortError({ code: "store.locked", retry: "needs_user" });
      }
      try {
        // Copies, as over a real boundary: nobody outside holds the box's own objects.
        return structuredClone(HANDLERS[command](world, args));
      } catch (thrown) {
        throw thrown instanceof PortError ? thrown : new PortError(errorOf(thrown));
      }
    },
    listen(hear) {
      world.ears.add(hear);
      return () => world.ears.delete(hear);
    },
    now: () => world.clock.now(),
  };
}
