/** The state of the box: what the store of a device would hold. Commands read and change it; every change tells an event. */
import { PortError } from "../port.ts";
import type {
  ConnectionView, ConversationView, ErrorCode, Event, InboxRowView, LoopView, MessageStatusView, MessageView,
  PersonView, Preferences, Retry, SessionView, Unmask,
} from "../types.ts";
import { type Clock, DAY, HOUR, iso, MINUTE, SECOND } from "./clock.ts";
import { pastAt, pastMessage } from "./history.ts";
import { ORGANISATION, people, permits } from "./people.ts";
import { type Patient, patients } from "./patients.ts";
import { Seeded } from "./random.ts";

export interface Conversation {
  view: ConversationView;
  /** Messages that are made when looked at, before `tail`. */
  past: number;
  tail: MessageView[];
  patient: Patient | null;
  row: Omit<InboxRowView, "conversation" | "patient" | "at">;
  muted?: boolean;
}

export interface Options {
  clock: Clock;
  me?: string;
  /** How the night begins. */
  scene?: "open" | "locked" | "fresh" | "offline" | "station" | "wiped" | "empty";
  past?: number;
  /** How long the other side takes to let a new device in. */
  approval?: number;
}

export function fail(code: ErrorCode, retry: Retry = "needs_user"): never {
  throw new PortError({ code, retry });
}

export class World {
  readonly clock: Clock;
  readonly random = new Seeded(2026);
  readonly patients = patients();
  readonly conversations = new Map<string, Conversation>();
  readonly loops = new Map<string, LoopView>();
  readonly statuses = new Map<string, MessageStatusView>();
  readonly cardPatient = new Map<string, Patient>();
  readonly watched = new Set<string>();
  /** What was asked for in clear, with why: the audit of the box. */
  readonly unmasked: { token: string; purpose: string; reason: string }[] = [];
  readonly ears = new Set<(event: Event) => void>();
  people: PersonView[];
  session: SessionView;
  connection: ConnectionView;
  preferences: Preferences = { language: "system", theme: "system", motion: "system", shortcuts: true };
  me: string;

  constructor(options: Options) {
    this.clock = options.clock;
    this.me = options.me ?? "p-silva";
    this.people = people(this.me);
    const now = this.clock.now();
    const scene = options.scene ?? "open";
    const offline = scene === "offline";
    this.connection = {
      live: !offline,
      since: iso(now - (offline ? 7 * MINUTE : 3 * HOUR)),
      lastContact: iso(now - (offline ? 7 * MINUTE : 2 * SECOND)),
      waiting: offline ? 1 : 0,
      leaseUntil: iso(now + 3 * DAY),
    };
    this.session = {
      state: scene === "offline" || scene === "empty" ? "open" : scene === "station" ? "locked" : scene,
      organisation: scene === "fresh" ? "" : ORGANISATION,
      device: scene === "station" ? "Ward 5 station" : "Desktop, ward office",
      me: scene === "fresh" || scene === "station" ? null : this.person(),
      unlock: scene === "station" ? "pin" : "passphrase",
      people: scene === "station" ? this.staff() : [],
      idleLockSeconds: 300,
      ends: iso(now + 9 * HOUR),
      lastUnlock: iso(now - 26 * MINUTE),
      keyProtection: "passphrase",
      certificate:
        scene === "wiped" ? { digest: "9b1e".repeat(16), ended: iso(now - 40 * SECOND), reported: true } : null,
    };
  }

  private staff() {
    return this.people
      .filter((p) => p.unit === "5W" && p.kind === "person" && p.state === "active")
      .map(({ id, name }) => ({ id, name }));
  }

  person(): { id: string; name: string; unit: string } | null {
    const me = this.people.find((p) => p.id === this.me);
    return me ? { id: me.id, name: me.name, unit: me.unit } : null;
  }

  may(action: Parameters<typeof permits>[1]): boolean {
    const me = this.people.find((p) => p.id === this.me);
    return me !== undefined && permits(me, action);
  }

  idOf(name: string): string {
    return this.people.find((p) => p.name === name)?.id ?? name;
  }

  now(): string {
    return iso(this.clock.now());
  }

  tell(event: Event): void {
    for (const ear of this.ears) ear(structuredClone(event));
  }

  conversation(id: string): Conversation {
    return this.conversations.get(id) ?? fail("conversation.not_found", "never");
  }

  /** A message by its place, counted from the oldest. */
  at(conversation: Conversation, place: number): MessageView | undefined {
    return place < conversation.past
      ? pastMessage(conversation.view.id, place, conversation.past, this.me)
      : conversation.tail[place - conversation.past];
  }

  locate(id: string): { conversation: Conversation; place: number; message: MessageView } {
    for (const conversation of this.conversations.values()) {
      const past = conversation.past > 0 ? pastAt(conversation.view.id, id) : null;
      const tail = conversation.tail.findIndex((message) => message.id === id);
      const place = past ?? (tail < 0 ? -1 : conversation.past + tail);
      const message = place < 0 ? undefined : this.at(conversation, place);
      if (message) return { conversation, place, message };
    }
    return fail("message.not_found", "never");
  }

  /** The message with identifiers, where the purpose allows it; recorded. */
  unmask(message: MessageView, unmask: Unmask | null): MessageView {
    const patient = this.cardPatient.get(message.id);
    if (!unmask || !message.card || !patient) return message;
    this.mayUnmask(patient, unmask);
    return {
      ...message,
      card: {
        ...message.card,
        unmasked: true,
        patient: patient.name,
        birthDate: patient.birthDate,
        identifiers: [["St. Example", patient.mrn]],
      },
    };
  }

  mayUnmask(patient: Patient, unmask: Unmask): void {
    if (!this.may("unmask")) fail("role.not_allowed");
    if (!patient.team.includes(this.me) && unmask.reason.trim() === "") fail("purpose.missing");
    this.unmasked.push({ token: patient.mark.token, ...unmask });
  }

  append(conversation: Conversation, message: MessageView): void {
    conversation.tail.push(message);
    conversation.view.updated = message.received;
    if (this.watched.has(conversation.view.id)) {
      this.tell({ type: "timeline", conversation: conversation.view.id, diff: { type: "append", message } });
    }
    this.tellRow(conversation);
  }

  update(message: MessageView): void {
    const { conversation } = this.locate(message.id);
    const at = conversation.tail.findIndex((known) => known.id === message.id);
    if (at >= 0) conversation.tail[at] = message;
    this.tell({ type: "timeline", conversation: message.conversation, diff: { type: "update", message } });
  }

  row(conversation: Conversation): InboxRowView {
    return {
      ...conversation.row,
      conversation: conversation.view,
      patient: conversation.patient?.mark ?? null,
      at: conversation.view.updated,
    };
  }

  tellRow(conversation: Conversation): void {
    this.tell({ type: "inbox", row: this.row(conversation) });
  }

  setLoop(loop: LoopView): void {
    this.loops.set(loop.message, loop);
    this.tell({ type: "loop", loop });
    const conversation = this.conversations.get(loop.conversation);
    if (!conversation) return;
    const open = loop.state === "open" || loop.state === "exhausted";
    conversation.row.until = open ? loop.until : (loop.provider?.until ?? null);
    conversation.row.started = open ? loop.started : (loop.provider?.since ?? null);
    conversation.view.unacknowledged = open ? 1 : 0;
    if (!open) conversation.row.alarm = loop.unsent ? "unsent" : loop.provider && !loop.provider.has ? "provider" : "none";
    this.tellRow(conversation);
  }

  setSession(change: Partial<SessionView>): SessionView {
    this.session = { ...this.session, ...change };
    this.tell({ type: "session", session: this.session });
    return this.session;
  }

  newId(): string {
    return this.random.hex(32);
  }
}
