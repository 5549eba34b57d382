import type { JoinView, LinkView } from "../../types.ts";
import { HOUR, iso } from "../clock.ts";
import { ORGANISATION } from "../people.ts";
import { fail, type World } from "../world.ts";
import type { Handlers } from "./handlers.ts";

/** What opens the door of the box: any link of this shape, and these words. */
export const LINK = "sotto:join#7c1e90a4";
export const WORDS = "orbit lemon canyon wisdom ticket harbor";

function link(text: string): LinkView {
  const tidy = text.trim();
  if (!tidy.startsWith("sotto:join#")) fail("enrol.link");
  return {
    kind: "person", organisation: ORGANISATION, name: "Dr N. Silva", relay: "relay.st-example.test",
    needsWords: !tidy.endsWith("!"),
  };
}

function enrolled(world: World): JoinView {
  world.setSession({ state: "open", organisation: ORGANISATION, me: world.person() });
  return { state: "joined", device: "p-silva-0", organisation: ORGANISATION };
}

export const device: Handlers = {
  readLink: (_world, a) => link(a.text),
  readQr: (_world, a) => (a.image.byteLength > 0 ? LINK : fail("enrol.no_code")),
  join: (world, a) => {
    const view = link(a.link);
    if (view.needsWords && a.words.trim().toLowerCase().split(/\s+/).join(" ") !== WORDS) fail("enrol.words_wrong");
    if (a.secret.length === 0 && world.session.unlock !== "keyring") fail("vault.empty", "never");
    return { state: "awaiting_approval", code: "418 206" };
  },
  awaitApproval: (world) => enrolled(world),
  found: (world, a) => {
    if (a.name.trim() === "" || a.adminName.trim() === "") fail("admin.text");
    if (a.relay.trim() === "") fail("relay.address");
    if (a.secret === "" || a.rootSecret === "") fail("vault.empty", "never");
    return enrolled(world);
  },
  doctor: (world) => [
    { topic: "store", level: "ok", text: "" },
    { topic: "clock", level: "ok", text: "" },
    { topic: "relay", level: world.connection.live ? "ok" : "problem", text: "" },
    { topic: "roster", level: "ok", text: "" },
    { topic: "backup", level: "warning", text: "" },
  ],
  held: (world) => [
    { number: 1, conversation: "Stroke team", cause: "epoch", refused: false, since: iso(world.clock.now() - 28 * HOUR), repeats: 0 },
    { number: 2, conversation: null, cause: "malformed", refused: true, since: iso(world.clock.now() - 50 * HOUR), repeats: 13 },
  ],
  reach: (world) => [
    { link: "relay", ok: world.connection.live, detail: "" },
    { link: "roster", ok: true, detail: "" },
    { link: "wake", ok: world.connection.live, detail: "" },
    { link: "notices", ok: true, detail: "" },
    { link: "duty", ok: true, detail: "Medicine on call, 5W" },
  ],
  licences: () => [
    { name: "OpenMLS", version: "0.7", licence: "MIT" },
    { name: "SQLCipher", version: "4.9", licence: "BSD-3-Clause" },
    { name: "Svelte", version: "5.57.3", licence: "MIT" },
    { name: "Inter", version: "4", licence: "OFL-1.1" },
  ],
};
