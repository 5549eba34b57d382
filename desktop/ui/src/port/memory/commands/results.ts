import type { ObservationView, RecipientView, ResultDraftView } from "../../types.ts";
import { card, observation } from "../cards.ts";
import { iso, MINUTE } from "../clock.ts";
import { holder } from "../people.ts";
import { fail, type World } from "../world.ts";
import { conversationWith, ownMessage } from "./compose.ts";
import type { Handlers } from "./handlers.ts";

interface Read {
  view: ResultDraftView;
  observations: ObservationView[];
  patient: number;
}

const read = new WeakMap<World, Map<string, Read>>();

const ORDERING: RecipientView = {
  id: "ordering", kind: "ordering", name: "Dr N. Silva", unit: "5W",
  now: holder("p-silva"), nextUp: null, lastContact: null,
};

/** Reads just enough of an ORU^R01 for the box: OBX lines, with flags. */
function parse(text: string): ObservationView[] {
  if (!text.startsWith("MSH|")) fail("result.refused");
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.startsWith("OBX|"));
  if (lines.length === 0) fail("result.refused");
  return lines.map((line) => {
    const field = line.split("|");
    const flag = field[8] ?? "";
    return observation({
      name: field[3]?.split("^")[1] ?? field[3] ?? "",
      value: field[5] ?? "",
      unit: field[6]?.split("^")[0] ?? "",
      reference: field[7] ?? "",
      interpretation: flag ? [flag] : [],
      critical: ["HH", "LL", "AA"].includes(flag),
    });
  });
}

export const results: Handlers = {
  readResult: (world, a) => {
    if (!world.may("send_result")) fail("role.not_allowed");
    const observations = parse(new TextDecoder().decode(a.bytes));
    const at = 4;
    const patient = world.patients[at];
    const first = observations[0];
    if (!patient || !first) return fail("result.refused");
    const view: ResultDraftView = {
      id: world.newId(),
      title: first.name,
      token: patient.mark.token,
      values: observations.map((o) => `${o.name} ${o.value} ${o.unit}`.trim()),
      flagged: observations.some((o) => o.critical),
      ordering: ORDERING,
      backup: holder("p-brandt"),
      holder: holder("d-chem"),
      test: false,
    };
    const known = read.get(world) ?? new Map<string, Read>();
    known.set(view.id, { view, observations, patient: at });
    read.set(world, known);
    return [view];
  },
  sendResult: (world, a) => {
    const draft = read.get(world)?.get(a.result.draft) ?? fail("result.none", "never");
    const patient = world.patients[draft.patient];
    if (!patient) return fail("result.none", "never");
    const reason = a.result.criticalReason;
    if (reason !== null && reason.trim() === "") fail("result.no_reason");
    const observations = draft.observations.map((o) => ({ ...o, critical: o.critical || reason !== null }));
    const to = a.result.to === "ordering" ? "p-silva" : a.result.to;
    const conversation = conversationWith(world, [to], patient);
    const message = ownMessage(world, conversation, {
      kind: "card", card: card(patient, { title: draft.view.title, observations }),
      priority: observations.some((o) => o.critical) ? "critical" : "routine",
    });
    world.cardPatient.set(message.id, patient);
    conversation.row.result = draft.view.title;
    world.append(conversation, message);
    if (message.card?.critical) {
      const until = iso(world.clock.now() + 10 * MINUTE);
      world.setLoop({
        message: message.id, conversation: conversation.view.id, state: "open", holder: holder("d-chem"), addressed: "other",
        duty: null, started: world.now(), until, next: holder("p-brandt"),
        steps: [{ to: holder("p-brandt"), kind: "backup", at: until, reached: false }],
        provider: null, unsent: !world.connection.live, needsCall: false,
      });
    }
    read.get(world)?.delete(a.result.draft);
    return {
      message: message.id, conversation: conversation.view.id, to: holder(to).name, title: draft.view.title,
      version: 1, duplicate: false, critical: message.card?.critical ?? false,
    };
  },
};
