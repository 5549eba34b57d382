/** What happens by itself: clocks run out, receipts come in. Called by a timer in the browser, by hand in tests. */
import { iso, MINUTE, SECOND } from "./clock.ts";
import { proveState } from "./commands/messages.ts";
import type { World } from "./world.ts";

export function tick(world: World): void {
  if (world.session.state !== "open") return;
  const now = world.clock.now();
  for (const loop of world.loops.values()) {
    if (loop.state !== "open" || !loop.until || Date.parse(loop.until) > now) continue;
    const steps = loop.steps.map((step) => ({ ...step, reached: Date.parse(step.at) <= now }));
    const next = steps.find((step) => !step.reached);
    world.setLoop(
      next
        ? { ...loop, steps, started: loop.until, until: next.at, next: next.to }
        : { ...loop, steps, state: "exhausted", until: null, next: null, needsCall: true },
    );
  }
  if (!world.connection.live) return;
  for (const conversation of world.conversations.values()) {
    for (const message of conversation.tail) {
      const age = now - Date.parse(message.sent);
      if (!message.mine || age > MINUTE) continue;
      for (const person of world.statuses.get(message.id)?.people ?? []) {
        if (person.state === "queued" && age > 1.5 * SECOND) proveState(world, message.id, person.name, "delivered");
        else if (person.state === "delivered" && age > 6 * SECOND) proveState(world, message.id, person.name, "seen");
      }
    }
  }
}

/** The line comes back, or goes. */
export function connect(world: World, live: boolean): void {
  const now = world.now();
  world.connection = { ...world.connection, live, since: now, lastContact: live ? now : world.connection.lastContact, waiting: live ? 0 : 1 };
  world.tell({ type: "connection", connection: world.connection });
  if (!live) return;
  for (const loop of world.loops.values()) {
    if (loop.unsent) world.setLoop({ ...loop, unsent: false });
  }
  world.connection.lastContact = iso(world.clock.now());
}
