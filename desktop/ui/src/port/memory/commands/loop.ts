import type { LoopView, MessageView, NoticeView, ObservationView, ReadBackItem } from "../../types.ts";
import { iso, MINUTE } from "../clock.ts";
import { birthDateOptions } from "../patients.ts";
import { holder } from "../people.ts";
import { fail, type World } from "../world.ts";
import type { Handlers } from "./handlers.ts";
import { proveState } from "./messages.ts";

function loopOf(world: World, message: string): LoopView {
  return world.loops.get(message) ?? fail("result.none", "never");
}

function state(world: World, message: MessageView, notice: Partial<NoticeView> & Pick<NoticeView, "code">): void {
  const { conversation } = world.locate(message.id);
  const now = world.now();
  world.append(conversation, {
    ...message,
    id: world.newId(), kind: "statement", text: "", card: null, attachments: [], reactions: [], marks: [], replyTo: message.id,
    sent: now, received: now, mine: true, priority: "routine",
    sender: world.person()?.name ?? "", senderId: world.me,
    notice: { who: world.person()?.name ?? "", whom: "", reason: "", ...notice },
  });
}

function item(observation: ObservationView): ReadBackItem {
  return {
    observation: observation.number,
    name: observation.name,
    unit: observation.unit,
    mode: observation.options.length > 0 ? "chosen" : "typed",
    options: observation.options,
    value: null,
  };
}

/** Comma or point, trailing zeros equal, comparators kept: as core/content/src/readback does. */
function same(typed: string, reported: string): boolean {
  const plain = (text: string) => {
    const tidy = text.trim().replace(",", ".").replace(/\s+/g, " ");
    return /^[<>≤≥]?\s*\d+(\.\d+)?$/.test(tidy) ? tidy.replace(/\s/g, "").replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") : tidy.toLowerCase();
  };
  return plain(typed) === plain(reported);
}

function take(world: World, message: string, change: Partial<LoopView>): void {
  const loop = loopOf(world, message);
  world.setLoop({ ...loop, until: null, next: null, needsCall: false, unsent: !world.connection.live, ...change });
}

function acting(world: World, message: string): MessageView {
  const found = world.locate(message).message;
  if (!found.card) fail("result.none", "never");
  if (found.card.blanked) fail("result.withdrawn", "never");
  if (found.card.version !== found.card.currentVersion) fail("result.superseded", "never");
  return found;
}

export const loop: Handlers = {
  loops: (world) => [...world.loops.values()],
  readBack: (world, a) => {
    const message = acting(world, a.message);
    const patient = world.cardPatient.get(a.message) ?? fail("result.none", "never");
    if (!world.may("acknowledge_critical")) fail("role.not_allowed");
    world.mayUnmask(patient, { purpose: "TREAT", reason: "addressed" });
    return {
      message: a.message,
      patient: patient.name,
      mrn: patient.mrn,
      values: (message.card?.observations ?? []).filter((o) => o.critical).map(item),
      birthDates: birthDateOptions(patient.birthDate),
    };
  },
  acknowledge: (world, a) => {
    const message = acting(world, a.message);
    const patient = world.cardPatient.get(a.message);
    if (!world.may("acknowledge_critical")) fail("role.not_allowed");
    if (message.card?.acknowledgedBy.length) fail("result.already_acknowledged", "never");
    const asked = (message.card?.observations ?? []).filter((o) => o.critical);
    if (a.values.length < asked.length || a.identifiers.length < 2) fail("readback.incomplete");
    const me = world.person()?.name ?? "";
    const right =
      asked.every((o) => same(a.values.find((v) => v.observation === o.number)?.value ?? "", o.value)) &&
      a.identifiers.every((given) => given === patient?.birthDate || given === patient?.mrn);
    if (!right) {
      proveState(world, a.message, me, "mismatch");
      state(world, message, { code: "mismatch" });
      fail("readback.mismatch");
    }
    world.update({ ...message, card: message.card && { ...message.card, acknowledgedBy: [...message.card.acknowledgedBy, me] } });
    proveState(world, a.message, me, "acknowledged");
    take(world, a.message, { state: "acknowledged", holder: holder(world.me) });
    state(world, message, { code: "acknowledged" });
    return null;
  },
  decline: (world, a) => {
    if (a.reason.trim() === "") fail("result.no_reason");
    const message = acting(world, a.message);
    proveState(world, a.message, world.person()?.name ?? "", "declined");
    const open = loopOf(world, a.message);
    // Declined: the next person has it at once.
    const [now, ...later] = open.steps;
    const at = world.clock.now() + 10 * MINUTE;
    world.setLoop({
      ...open, addressed: "other", started: world.now(), until: iso(at), next: later[0]?.to ?? null,
      steps: open.steps.map((step) => ({ ...step, reached: step === now || step.reached })),
    });
    state(world, message, { code: "declined", reason: a.reason });
    return null;
  },
  redirect: (world, a) => {
    if (a.reason.trim() === "") fail("result.no_reason");
    const message = acting(world, a.message);
    world.setLoop({ ...loopOf(world, a.message), addressed: "other" });
    state(world, message, { code: "redirected", whom: holder(a.to).name, reason: a.reason });
    return null;
  },
  transfer: (world, a) => {
    const message = world.locate(a.message).message;
    take(world, a.message, { state: "transferred", holder: holder(a.to) });
    state(world, message, { code: "transferred", whom: holder(a.to).name, reason: a.reason });
    return null;
  },
  takeOver: (world, a) => {
    if (a.reason.trim() === "") fail("result.no_reason");
    if (!world.may("take_over")) fail("role.not_allowed");
    const open = loopOf(world, a.message);
    world.setLoop({
      ...open, holder: holder(world.me),
      provider: open.provider && { ...open.provider, has: true },
    });
    state(world, world.locate(a.message).message, { code: "taken_over", whom: open.holder.name, reason: a.reason });
    return null;
  },
  complete: (world, a) => {
    world.setLoop({ ...loopOf(world, a.message), state: "completed", until: null, next: null });
    return null;
  },
  callCard: (world, a) => {
    const message = acting(world, a.message);
    const patient = world.cardPatient.get(a.message) ?? fail("result.none", "never");
    return {
      message: a.message,
      number: "2251",
      whom: message.card?.orderer ?? "",
      identifiers: [["birth date", patient.birthDate], ["St. Example", patient.mrn]],
      values: (message.card?.observations ?? []).filter((o) => o.critical).map(item),
    };
  },
  recordCall: (world, a) => {
    const message = acting(world, a.call.message);
    if (a.call.outcome !== "spoken") return null;
    if (a.call.identifiers.length < 2 || a.call.takenBy.trim() === "") fail("readback.incomplete");
    const asked = (message.card?.observations ?? []).filter((o) => o.critical);
    if (!asked.every((o, at) => same(a.call.values[at] ?? "", o.value))) fail("readback.mismatch");
    take(world, a.call.message, { state: "acknowledged_by_telephone", holder: { id: "", name: a.call.takenBy, kind: "person" } });
    state(world, message, { code: "acknowledged_by_telephone", who: a.call.takenBy });
    return null;
  },
};
