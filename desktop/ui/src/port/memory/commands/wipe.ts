import type { WipeStage, WipeStatusView } from "../../types.ts";
import { DAY, iso, MINUTE, SECOND } from "../clock.ts";
import { devices, holder } from "../people.ts";
import { fail, type World } from "../world.ts";
import { deskOf, propose } from "./admin.ts";
import type { Handlers } from "./handlers.ts";

const running = new WeakMap<World, Map<string, WipeStatusView>>();
const STAGES: WipeStage[] = ["ordered", "laid", "fetched", "destroyed", "verified"];
/** After the order, in milliseconds: relay, reached, destroyed, verified. */
const PACE = [0, 700, 4 * SECOND, 7 * SECOND, 8 * SECOND];

function wipes(world: World): Map<string, WipeStatusView> {
  const known = running.get(world);
  if (known) return known;
  const fresh = new Map<string, WipeStatusView>();
  running.set(world, fresh);
  return fresh;
}

function device(world: World, id: string) {
  return devices(world.me).find((d) => d.id === id) ?? fail("device.not_found", "never");
}

function begin(world: World, id: string, mode: WipeStatusView["mode"], reason: string): number {
  const known = device(world, id);
  const desk = deskOf(world);
  const seq = ++desk.seq;
  const now = world.clock.now();
  wipes(world).set(id, {
    device: id, label: known.label, owner: known.ownerName, mode, by: world.person()?.name ?? "",
    second: null, reason, seq, deletedUnread: 0, rekeyed: 0, conversations: 12, refusedCertificates: 0,
    stages: STAGES.map((stage, at) => ({ stage, at: at === 0 ? iso(now) : null })),
    certificate: null,
    exposure: {
      messages: 1204, results: 31, patients: 7, tokens: world.patients.slice(0, 7).map((p) => p.mark.token), attachments: 3,
      lastUnlocked: iso(now - 21 * MINUTE), lastContact: iso(now - 12 * MINUTE), leaseErases: iso(now + 14 * DAY),
    },
  });
  return seq;
}

/** How far it has come by now: the box lets it advance with the clock. */
function advance(world: World, status: WipeStatusView): WipeStatusView {
  const started = Date.parse(status.stages[0]?.at ?? world.now());
  const passed = world.clock.now() - started;
  const last = status.mode === "revoke" ? 1 : STAGES.length - 1;
  for (const [at, stage] of status.stages.entries()) {
    const due = PACE[at] ?? 0;
    if (!stage.at && at <= last && passed >= due) stage.at = iso(started + due);
  }
  if (passed >= (PACE[1] ?? 0)) status.deletedUnread = 14;
  status.rekeyed = Math.min(status.conversations - 1, Math.floor(passed / 600));
  if (status.stages[4]?.at) status.certificate = { digest: "c41d".repeat(16), key: "3f9a…c2", protection: "hardware" };
  return status;
}

export const wipe: Handlers = {
  wipeDryRun: (world, a) => {
    const known = device(world, a.device);
    const others = devices(world.me).filter((d) => d.owner === known.owner && d.id !== a.device).length;
    return {
      device: a.device, label: known.label, owner: holder(known.owner), mode: a.mode,
      outcome: !world.may("wipe_device") ? "refused" : a.mode === "wipe" && known.this ? "refused" : a.mode === "wipe" && known.ownerName.includes("Novak") ? "proposed" : "done",
      pending: [], channel: !known.label.startsWith("Tablet"), lastContact: iso(world.clock.now() - 12 * MINUTE), others,
      conversations: 12,
      open: others === 0 ? [{ title: "Potassium, serum", token: world.patients[0]?.mark.token ?? "", movesTo: "Dr L. Brandt" }] : [],
      falls: { devices: [], invitations: known.ownerName.includes("Weber") ? 1 : 0, roles: [] },
    };
  },
  revoke: (world, a) => {
    if (!world.may(a.mode === "revoke" ? "revoke_device" : "wipe_device")) fail("role.not_allowed");
    if (a.reason.trim() === "") fail("admin.text");
    const known = device(world, a.device);
    if (a.mode === "wipe" && known.ownerName.includes("Novak")) {
      return propose(world, { act: "wipe_device", subject: known.label, object: known.ownerName, reason: a.reason });
    }
    const seq = begin(world, a.device, a.mode, a.reason);
    world.tell({ type: "roster" });
    return { type: "done", seq };
  },
  wipes: (world) => [...wipes(world).values()].map((status) => advance(world, status)),
  wipeStatus: (world, a) => advance(world, wipes(world).get(a.device) ?? fail("device.not_found", "never")),
  saveEvidence: (world, a) => {
    const status = wipes(world).get(a.device) ?? fail("device.not_found", "never");
    return `sotto-wipe-${status.seq}.txt`;
  },
};

export const WIPE_DONE = 8 * SECOND;
