import type { AttachmentDraftView, CheckView, DraftView, MessageView, RecipientView, WarningView } from "../../types.ts";
import { HOUR, iso, MINUTE, SECOND } from "../clock.ts";
import { DUTIES, holder } from "../people.ts";
import type { Patient } from "../patients.ts";
import { type Conversation, fail, type World } from "../world.ts";
import type { Handlers } from "./handlers.ts";

const UNDO = 10 * SECOND;
const URGENT_PER_DAY = 8;
const urgentSent = new WeakMap<World, number>();

function directory(world: World): RecipientView[] {
  const now = world.clock.now();
  const duties: RecipientView[] = DUTIES.map((duty) => ({
    id: duty.id,
    kind: "duty",
    name: duty.name,
    unit: duty.unit,
    now: duty.holder ? holder(duty.holder) : null,
    nextUp: duty.holder ? null : { name: holder(duty.next).name, at: iso(now + 3 * HOUR) },
    lastContact: duty.holder ? iso(now - 3 * MINUTE) : null,
  }));
  const persons: RecipientView[] = world.people
    .filter((p) => p.state === "active" && !p.me)
    .map((p, at) => ({
      id: p.id,
      kind: p.kind,
      name: p.name,
      unit: p.unit,
      now: null,
      nextUp: null,
      lastContact: iso(now - (at === 4 ? 26 * HOUR : (at + 1) * MINUTE)),
    }));
  return [...duties, ...persons];
}

function spans(text: string, what: RegExp): WarningView["spans"] {
  return [...text.matchAll(what)].map((hit) => ({ from: hit.index, to: hit.index + hit[0].length }));
}

function warnings(world: World, draft: DraftView): WarningView[] {
  const out: WarningView[] = [];
  const add = (code: WarningView["code"], level: WarningView["level"], at: WarningView["spans"] = [], name = "") =>
    out.push({ code, level, spans: at, name });
  const names = spans(draft.text, /Testpatient(?:, \p{L}+)?/gu);
  const numbers = spans(draft.text, /\b\d{8}\b/g);
  const sensitive = spans(draft.text, /\b(?:HIV|methadone|Methadon)\b/gi);
  if (names.length > 0) add("names_in_text", "warn", names);
  if (numbers.length > 0) add("identifier_in_text", "warn", numbers);
  if (sensitive.length > 0) add("sensitive", "ask", sensitive);
  for (const to of draft.to) {
    const duty = DUTIES.find((known) => known.id === to);
    if (duty && !duty.holder) add("not_staffed", "block", [], holder(duty.next).name);
    if (to === "p-tanaka") add("first_time", "warn", [], holder(to).name);
  }
  if (!world.connection.live) add("offline", "warn");
  if (draft.priority === "urgent" && (urgentSent.get(world) ?? 5) >= URGENT_PER_DAY) add("over_budget", "ask");
  return out;
}

function check(world: World, draft: DraftView): CheckView {
  const known = draft.conversation ? world.conversation(draft.conversation).view.members.length : 0;
  const reaches = draft.to.map((to) => {
    const duty = DUTIES.find((one) => one.id === to);
    return duty?.holder ? holder(duty.holder) : holder(to);
  });
  const people = Math.max(known - (known > 1 ? 1 : 0), reaches.length);
  return {
    warnings: warnings(world, draft),
    budget: {
      urgentLeft: Math.max(0, URGENT_PER_DAY - (urgentSent.get(world) ?? 5)),
      urgentPerDay: URGENT_PER_DAY,
      interrupts: draft.priority === "routine" ? 0 : people,
    },
    reaches,
    devices: people + 2,
  };
}

/** The conversation with exactly these people, or a new one. */
export function conversationWith(world: World, to: string[], patient: Patient | null = null): Conversation {
  const names = to.map((id) => holder(id).name);
  const title = names.join(", ");
  const wanted = [...names].sort().join();
  const found = [...world.conversations.values()].find((c) => [...c.view.members].sort().join() === wanted && !patient);
  if (found) return found;
  const conversation: Conversation = {
    view: { id: world.newId(), kind: to.length > 1 ? "group" : "direct", title, state: "active", members: names, updated: world.now(), unacknowledged: 0 },
    past: 0,
    tail: [],
    patient,
    row: { addressed: "other", duty: null, priority: "routine", line: "", lineFrom: "", result: null, unread: 0, until: null, started: null, alarm: "none", message: null },
  };
  world.conversations.set(conversation.view.id, conversation);
  return conversation;
}

export function ownMessage(world: World, conversation: Conversation, over: Partial<MessageView>): MessageView {
  const now = world.now();
  const id = world.newId();
  world.statuses.set(id, {
    message: id,
    queued: world.connection.live ? now : null,
    people: conversation.view.members
      .filter((name) => name !== world.person()?.name)
      .map((name) => ({ id: world.idOf(name), name, state: world.connection.live ? "queued" : "waiting", times: [], version: null })),
  });
  return {
    id, conversation: conversation.view.id, kind: "text", sender: world.person()?.name ?? "", senderId: world.me, mine: true,
    priority: "routine", sent: now, received: now, drifted: false, text: "", replyTo: null, marks: [], reactions: [],
    card: null, attachments: [], expires: null, notice: null, ...over,
  };
}

const drafts = new WeakMap<World, Map<string, AttachmentDraftView>>();

function attachmentDrafts(world: World): Map<string, AttachmentDraftView> {
  const known = drafts.get(world) ?? new Map<string, AttachmentDraftView>();
  drafts.set(world, known);
  return known;
}

function cleaned(media: string, name: string): Pick<AttachmentDraftView, "removed" | "refused"> {
  if (media.startsWith("image/")) return { removed: ["location", "camera", "thumbnail"], refused: null };
  if (media === "application/pdf") return { removed: ["author", "revisions", "active_content"], refused: null };
  if (name.endsWith(".dcm")) return { removed: [], refused: "burned_in" };
  return { removed: [], refused: media === "text/plain" ? null : "kind" };
}

export const compose: Handlers = {
  recipients: (world, a) => {
    const query = a.query.trim().toLowerCase();
    return directory(world).filter((r) => `${r.name} ${r.unit}`.toLowerCase().includes(query)).slice(0, 20);
  },
  addAttachment: (world, a) => {
    const size = a.bytes.byteLength;
    const view: AttachmentDraftView = { id: world.newId(), name: a.name, media: a.media, size, ...cleaned(a.media, a.name) };
    if (!view.refused) attachmentDrafts(world).set(view.id, view);
    return view;
  },
  dropAttachment: (world, a) => {
    attachmentDrafts(world).delete(a.id);
    return null;
  },
  check: (world, a) => check(world, a.draft),
  send: (world, a) => {
    const { draft } = a;
    if (!world.may("send_message")) fail("role.not_allowed");
    if (draft.text.trim() === "" && draft.attachments.length === 0) fail("message.empty", "never");
    if (draft.text.length > 100_000) fail("message.too_long", "never");
    const said = warnings(world, draft);
    if (said.some((w) => w.level === "block")) fail("duty.unstaffed");
    if (said.some((w) => w.level === "ask") && draft.reason.trim() === "") fail("purpose.missing");
    const conversation = draft.conversation ? world.conversation(draft.conversation) : conversationWith(world, draft.to);
    if (draft.priority === "urgent") urgentSent.set(world, (urgentSent.get(world) ?? 5) + 1);
    const parts = draft.attachments.flatMap((id) => attachmentDrafts(world).get(id) ?? []);
    const message = ownMessage(world, conversation, {
      text: draft.text,
      priority: draft.priority,
      replyTo: draft.replyTo,
      expires: draft.expiresSeconds === null ? null : iso(world.clock.now() + draft.expiresSeconds * 1000),
      attachments: parts.map((part, at) => ({ part: at + 1, name: part.name, media: part.media, size: part.size, state: "here" })),
    });
    conversation.row.line = draft.text;
    conversation.row.lineFrom = "";
    world.append(conversation, message);
    return { message: message.id, conversation: conversation.view.id, undoUntil: iso(world.clock.now() + UNDO) };
  },
  undo: (world, a) => {
    const { conversation, message } = world.locate(a.message);
    if (!message.mine || world.clock.now() > Date.parse(message.sent) + UNDO) fail("message.undo_over", "never");
    conversation.tail = conversation.tail.filter((known) => known.id !== a.message);
    const messages = conversation.tail.slice(-100);
    world.tell({ type: "timeline", conversation: conversation.view.id, diff: { type: "reset", messages } });
    return null;
  },
};
