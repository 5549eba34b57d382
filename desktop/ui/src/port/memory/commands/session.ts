import type { Capability, SessionView } from "../../types.ts";
import { HOUR, iso, SECOND } from "../clock.ts";
import { people } from "../people.ts";
import { fail, type World } from "../world.ts";
import type { Handlers } from "./handlers.ts";

/** Opens every box. */
export const SECRET = "correct horse";
export const PIN = "2580";

const CAPABILITIES: Capability[] = ["loop", "compose_result", "patients", "on_call", "admin", "station", "attachments"];

function open(world: World, person: string | null, secret: string): SessionView {
  const right = world.session.unlock === "pin" ? PIN : SECRET;
  if (secret === "" && world.session.unlock !== "keyring") fail("vault.empty", "never");
  if (secret !== right) fail("vault.wrong_passphrase");
  if (person) {
    world.me = person;
    world.people = people(person);
  }
  const now = world.clock.now();
  return world.setSession({ state: "open", me: world.person(), lastUnlock: iso(now), ends: iso(now + 9 * HOUR) });
}

export const session: Handlers = {
  capabilities: () => CAPABILITIES,
  session: (world) => world.session,
  unlock: (world, a) => open(world, a.person, a.secret),
  lock: (world) => {
    // What was being watched is gone with the keys.
    world.watched.clear();
    world.setSession({ state: "locked", me: world.session.people.length > 0 ? null : world.session.me });
    return null;
  },
  switchPerson: (world, a) => {
    world.watched.clear();
    const view = open(world, a.person, a.secret);
    world.tell({ type: "reset" });
    return view;
  },
  activity: () => null,
  connection: (world) => {
    if (world.connection.live) world.connection.lastContact = iso(world.clock.now() - 2 * SECOND);
    return world.connection;
  },
  preferences: (world) => world.preferences,
  setPreferences: (world, a) => {
    world.preferences = a.preferences;
    return null;
  },
  may: (world, a) => world.may(a.action),
};
