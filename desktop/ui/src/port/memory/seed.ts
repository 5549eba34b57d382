/** The night as it stands at 03:33: who wrote what, which results wait, what went wrong. */
import type { CardView, InboxRowView, LoopView, MessageView, NoticeView } from "../types.ts";
import { card, glucose, gramStain, haemoglobinCorrected, observation, potassium, troponin } from "./cards.ts";
import { DAY, HOUR, iso, MINUTE, SECOND } from "./clock.ts";
import { holder } from "./people.ts";
import type { Patient } from "./patients.ts";
import type { Conversation, World } from "./world.ts";

class Sower {
  readonly world: World;
  readonly now: number;
  constructor(world: World) {
    this.world = world;
    this.now = world.clock.now();
  }

  patient(at: number): Patient {
    const patient = this.world.patients[at];
    if (!patient) throw new RangeError("no such patient");
    return patient;
  }

  ago(milliseconds: number): string {
    return iso(this.now - milliseconds);
  }

  conversation(id: string, title: string, members: string[], over: Partial<Conversation> = {}, row: Partial<InboxRowView> = {}): Conversation {
    const conversation: Conversation = {
      view: {
        id,
        kind: members.length > 1 ? "group" : "direct",
        title,
        state: "active",
        members: members.map((member) => holder(member).name),
        updated: this.ago(6 * HOUR),
        unacknowledged: 0,
      },
      past: 0,
      tail: [],
      patient: null,
      row: {
        addressed: "other", duty: null, priority: "routine", line: "", lineFrom: "", result: null,
        unread: 0, until: null, started: null, alarm: "none", message: null, ...row,
      },
      ...over,
    };
    this.world.conversations.set(id, conversation);
    return conversation;
  }

  say(into: Conversation, from: string, milliseconds: number, text: string, over: Partial<MessageView> = {}): MessageView {
    const sent = this.ago(milliseconds);
    const message: MessageView = {
      id: this.world.newId(), conversation: into.view.id, kind: "text", sender: holder(from).name, senderId: from,
      mine: from === this.world.me, priority: "routine", sent, received: sent, drifted: false, text,
      replyTo: null, marks: [], reactions: [], card: null, attachments: [], expires: null, notice: null, ...over,
    };
    into.tail.push(message);
    into.view.updated = sent;
    if (text !== "") {
      into.row.line = text;
      into.row.lineFrom = message.mine ? "" : message.sender;
    }
    this.proven(message, into);
    return message;
  }

  notice(into: Conversation, milliseconds: number, notice: Partial<NoticeView> & Pick<NoticeView, "code">): void {
    this.say(into, "d-switch", milliseconds, "", {
      kind: notice.code === "acknowledged" || notice.code === "mismatch" ? "statement" : "system",
      notice: { who: "", whom: "", reason: "", ...notice },
    });
  }

  result(into: Conversation, from: string, milliseconds: number, patient: Patient, view: CardView, over: Partial<MessageView> = {}): MessageView {
    const message = this.say(into, from, milliseconds, "", {
      kind: "card", priority: view.critical ? "critical" : "routine",
      card: { ...view, collected: this.ago(milliseconds + 19 * MINUTE), issued: this.ago(milliseconds + 40 * SECOND) }, ...over,
    });
    this.world.cardPatient.set(message.id, patient);
    into.row.result = view.title;
    into.row.message = message.id;
    return message;
  }

  private proven(message: MessageView, into: Conversation): void {
    const sent = Date.parse(message.sent);
    const others = into.view.members.filter((name) => name !== message.sender);
    this.world.statuses.set(message.id, {
      message: message.id,
      queued: iso(sent + 400),
      people: others.slice(0, 8).map((name, at) => {
        const seen = this.now - sent > 4 * MINUTE || at === 0;
        const times = [
          { state: "delivered" as const, at: iso(sent + 1200 + at * 700) },
          ...(seen ? [{ state: "seen" as const, at: iso(sent + 98 * SECOND + at * 31 * SECOND) }] : []),
        ];
        return { id: this.world.idOf(name), name, state: seen ? ("seen" as const) : ("delivered" as const), times, version: null };
      }),
    });
  }

  loop(message: MessageView, from: string, startedAgo: number, left: number, over: Partial<LoopView> = {}): void {
    const started = this.now - startedAgo;
    const until = this.now + left;
    const length = until - started;
    this.world.loops.set(message.id, {
      message: message.id, conversation: message.conversation, state: "open", holder: holder(from), addressed: "me", duty: null,
      started: iso(started), until: iso(until), next: holder("p-brandt"),
      steps: [
        { to: holder("p-brandt"), kind: "backup", at: iso(until), reached: false },
        { to: holder("p-novak"), kind: "supervisor", at: iso(until + length), reached: false },
        { to: holder("d-switch"), kind: "desk", at: iso(until + 2 * length), reached: false },
      ],
      provider: null, unsent: false, needsCall: false, ...over,
    });
    const conversation = this.world.conversation(message.conversation);
    const open = over.state === undefined || over.state === "open" || over.state === "exhausted";
    conversation.view.unacknowledged = open ? 1 : 0;
    conversation.row.until = open ? iso(until) : (over.provider?.until ?? null);
    conversation.row.started = open ? iso(started) : (over.provider?.since ?? null);
  }
}

/** Fills the world. `past` is how long the ward's memory is. */
export function sow(world: World, past: number): void {
  const s = new Sower(world);
  const k = s.patient(0);

  const chem = s.conversation("c-chem", "Laboratory · Chemistry", ["d-chem", "p-haddad", "p-silva"], { patient: k },
    { addressed: "me", priority: "critical", alarm: "critical", unread: 1 });
  s.say(chem, "p-haddad", 35 * MINUTE, `Sample for ${k.mark.token} repeated from a fresh draw, running now.`);
  s.say(chem, "p-silva", 32 * MINUTE, "Thanks. Call the duty if it is above 6.5, I may be in theatre.");
  s.notice(chem, 13 * MINUTE, { code: "device_added", who: "Dr L. Brandt", whom: "Tablet" });
  s.loop(s.result(chem, "p-haddad", 198 * SECOND, k, card(k, { title: "Potassium, serum", observations: potassium() })), "d-chem", 198 * SECOND, 402 * SECOND);

  const t = s.patient(9);
  const trop = s.conversation("c-trop", "Laboratory · Chemistry", ["d-chem", "p-costa", "p-silva", "p-brandt"], { patient: t },
    { addressed: "duty", duty: "Medicine on call, 5W", priority: "critical", alarm: "critical", unread: 1 });
  s.loop(s.result(trop, "p-costa", 9 * MINUTE, t, card(t, { title: "Troponin T", observations: troponin(), orderer: "Dr S. Lindqvist" })), "d-chem", 9 * MINUTE, 61 * SECOND,
    { addressed: "duty", duty: "Medicine on call, 5W" });

  const h = s.patient(1);
  const haem = s.conversation("c-haem", "Laboratory · Haematology", ["d-haem", "p-costa", "p-silva"], { patient: h },
    { addressed: "me", priority: "urgent", alarm: "correction", unread: 1 });
  const old = card(h, { title: "Blood count", currentVersion: 2, observations: [observation({ name: "Haemoglobin", value: "7.1", unit: "g/dL", interpretation: ["LL"], reference: "12.0 – 15.5" })], acknowledgedBy: ["Dr N. Silva"] });
  s.result(haem, "p-costa", 3 * HOUR, h, old, { priority: "critical" });
  s.notice(haem, 3 * HOUR - 2 * MINUTE, { code: "acknowledged", who: "Dr N. Silva" });
  s.loop(s.result(haem, "p-costa", 4 * MINUTE, h, card(h, { title: "Blood count", status: "corrected", version: 2, currentVersion: 2, observations: haemoglobinCorrected() }), { priority: "urgent" }), "d-haem", 4 * MINUTE, 6 * MINUTE);

  const g = s.patient(2);
  const gram = s.conversation("c-micro", "Laboratory · Microbiology", ["p-costa", "p-silva", "p-meyer"], { patient: g },
    { addressed: "me", priority: "critical", alarm: "critical", unread: 1 });
  const cultures = s.result(gram, "p-costa", 6 * MINUTE, g, card(g, { title: "Blood culture", status: "preliminary", observations: gramStain() }));
  s.notice(gram, 3 * MINUTE, { code: "mismatch", who: "D. Meyer" });
  s.loop(cultures, "d-chem", 6 * MINUTE, 14 * MINUTE);
  const status = world.statuses.get(cultures.id);
  const nurse = status?.people.find((p) => p.name === "D. Meyer");
  if (nurse) {
    nurse.state = "mismatch";
    nurse.times.push({ state: "mismatch", at: s.ago(3 * MINUTE) });
  }

  const w = s.patient(3);
  const wrong = s.conversation("c-wrong", "Laboratory · Coagulation", ["p-haddad", "p-silva"], { patient: w },
    { addressed: "me", priority: "urgent", alarm: "wrong_patient", unread: 1 });
  s.result(wrong, "p-haddad", 22 * MINUTE, w, card(w, {
    title: "INR", status: "entered-in-error", blanked: "wrong_patient", version: 2, currentVersion: 2,
    observations: [observation({ name: "INR", value: "", status: "entered-in-error" })],
  }), { priority: "urgent" });

  const l = s.patient(4);
  const nursed = s.conversation("c-gluc", "Ward 5 bedside", ["d-ward5", "p-meyer", "p-silva"], { patient: l },
    { addressed: "me", priority: "urgent", alarm: "provider" });
  s.loop(s.result(nursed, "d-ward5", 8 * MINUTE, l, card(l, { title: "Glucose", observations: glucose(), acknowledgedBy: ["D. Meyer"] })), "p-meyer", 8 * MINUTE, 0,
    { state: "acknowledged", until: null, next: null, provider: { name: "Dr N. Silva", since: s.ago(6 * MINUTE), until: iso(s.now + 9 * MINUTE), has: false } });
  s.notice(nursed, 6 * MINUTE, { code: "acknowledged", who: "D. Meyer" });

  const m = s.patient(3);
  const cardio = s.conversation("c-cardio", "Cardiology on call", ["p-lindqvist", "p-silva"], { patient: m }, { priority: "urgent" });
  s.say(cardio, "p-silva", 50 * MINUTE, "Advice please: new broad-complex tachycardia, stable. ECG attached.", {
    priority: "urgent", attachments: [{ part: 1, name: "ECG 02-41.png", media: "image/png", size: 284_120, state: "here" }],
  });
  const advice = s.say(cardio, "p-lindqvist", 21 * MINUTE, "Looks like **SVT with aberrancy**. Try a modified Valsalva first; I come up if it persists.", { priority: "urgent" });
  s.say(cardio, "p-silva", 19 * MINUTE, "Doing that now.", { replyTo: advice.id, reactions: [["Dr S. Lindqvist", "👍"]] });
  cardio.row.unread = 0;

  const ward = s.conversation("c-ward5", "Ward 5 night", ["p-meyer", "p-rossi", "p-brandt", "p-silva", "d-ward5"], { past });
  s.say(ward, "p-rossi", 44 * MINUTE, "Bed 11A asked for something to sleep, declined melatonin.", { marks: ["edited"] });
  s.say(ward, "p-meyer", 41 * MINUTE, "", { marks: ["retracted"] });
  s.say(ward, "p-meyer", 40 * MINUTE, "Handoff list updated, 2 open items", { reactions: [["G. Rossi", "👍"], ["Dr N. Silva", "👍"]] });
  ward.row.unread = 2;

  const pharmacy = s.conversation("c-pharm", "A. Okafor", ["p-okafor"]);
  s.say(pharmacy, "p-silva", 150 * MINUTE, "Vancomycin level 19.4, continue 1 g?");
  s.say(pharmacy, "p-okafor", 139 * MINUTE, "Dose confirmed, thank you", { expires: iso(s.now + 5 * DAY) });

  const radio = s.conversation("c-radio", "Radiology", ["p-tanaka", "p-silva"], { patient: k });
  s.result(radio, "p-tanaka", 15 * HOUR, k, card(k, {
    title: "CT abdomen", observations: [observation({ name: "Impression", value: "No free air. Mild hydronephrosis on the right, 9 mm calculus." })], acknowledgedBy: ["Dr N. Silva"],
  }));

  const stroke = s.conversation("c-stroke", "Stroke team", ["p-novak", "p-tanaka", "p-silva"]);
  s.say(stroke, "p-novak", 30 * HOUR, "Protocol change from Monday: CT perfusion first.");
  s.notice(stroke, 29 * HOUR, { code: "device_wiped", who: "Dr T. Adeyemi", whom: "Pixel 7" });
  s.notice(stroke, 28 * HOUR, { code: "stalled" });
  stroke.view.state = "stalled";

  if (!world.connection.live) unsentAcknowledgement(world, trop);
}

/** Acknowledged while offline: the relay has not confirmed the cancel, so the escalation still runs. */
function unsentAcknowledgement(world: World, conversation: Conversation): void {
  const loop = [...world.loops.values()].find((known) => known.conversation === conversation.view.id);
  const me = world.person();
  if (!loop || !me) return;
  loop.state = "acknowledged";
  loop.holder = holder(me.id);
  loop.unsent = true;
  conversation.row.alarm = "unsent";
}
