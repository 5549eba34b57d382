import type { MessageStatusView, MessageView, StateTime } from "../../types.ts";
import { fail, type World } from "../world.ts";
import type { Handlers } from "./handlers.ts";

const PREVIEW =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

function newest(world: World, id: string, before: number, limit: number): MessageView[] {
  const conversation = world.conversation(id);
  const out: MessageView[] = [];
  for (let place = Math.max(0, before - limit); place < before; place++) {
    const message = world.at(conversation, place);
    if (message) out.push(message);
  }
  return out;
}

function mine(world: World, id: string): MessageView {
  const { message } = world.locate(id);
  if (!message.mine) fail("message.not_yours", "never");
  if (message.marks.includes("retracted")) fail("message.gone", "never");
  return message;
}

export function proveState(world: World, message: string, who: string, state: StateTime["state"]): void {
  const status: MessageStatusView = world.statuses.get(message) ?? { message, queued: null, people: [] };
  const at = world.now();
  let person = status.people.find((p) => p.name === who);
  if (!person) {
    person = { id: world.idOf(who), name: who, state, times: [], version: null };
    status.people.push(person);
  }
  if (!person.times.some((time) => time.state === state)) person.times.push({ state, at });
  person.state = state;
  world.statuses.set(message, status);
  const { conversation } = world.locate(message);
  world.tell({ type: "timeline", conversation: conversation.view.id, diff: { type: "state", status } });
}

export const messages: Handlers = {
  inbox: (world) => [...world.conversations.values()].map((conversation) => world.row(conversation)),
  search: (world, a) => {
    const query = a.query.trim().toLowerCase();
    if (query === "") return [];
    const hits = [];
    for (const conversation of world.conversations.values()) {
      // The index of the box reaches back two hundred messages.
      const from = Math.max(0, conversation.past + conversation.tail.length - 200);
      for (let place = conversation.past + conversation.tail.length - 1; place >= from; place--) {
        const message = world.at(conversation, place);
        const text = `${message?.text} ${message?.card?.title} ${message?.card?.token}`.toLowerCase();
        if (message && text.includes(query)) hits.push({ message, conversationTitle: conversation.view.title });
        if (hits.length >= a.limit) return hits;
      }
    }
    return hits;
  },
  watch: (world, a) => {
    world.watched.add(a.conversation);
    const conversation = world.conversation(a.conversation);
    if (conversation.row.unread > 0) {
      conversation.row.unread = 0;
      world.tellRow(conversation);
    }
    return newest(world, a.conversation, conversation.past + conversation.tail.length, a.limit);
  },
  unwatch: (world, a) => {
    world.watched.delete(a.conversation);
    const conversation = world.conversations.get(a.conversation);
    // Seen by whom it was for: there is nothing to accept, so it no longer sounds.
    if (conversation?.row.alarm === "wrong_patient") {
      conversation.row.alarm = "none";
      world.tellRow(conversation);
    }
    return null;
  },
  page: (world, a) => newest(world, a.conversation, world.locate(a.before).place, a.limit),
  message: (world, a) => world.unmask(world.locate(a.message).message, a.unmask),
  status: (world, a) => {
    const { message, conversation } = world.locate(a.message);
    return (
      world.statuses.get(a.message) ?? {
        message: a.message,
        queued: message.sent,
        people: conversation.view.members
          .filter((name) => name !== message.sender)
          .map((name) => ({ id: world.idOf(name), name, state: "seen", times: [{ state: "seen", at: message.received }], version: null })),
      }
    );
  },
  markSeen: (world, a) => {
    const me = world.person();
    if (me) proveState(world, a.message, me.name, "seen");
    return null;
  },
  react: (world, a) => {
    const { message } = world.locate(a.message);
    const me = world.person()?.name ?? "";
    const had = message.reactions.some(([who, emoji]) => who === me && emoji === a.emoji);
    const reactions: MessageView["reactions"] = had
      ? message.reactions.filter(([who, emoji]) => who !== me || emoji !== a.emoji)
      : [...message.reactions, [me, a.emoji]];
    world.update({ ...message, reactions });
    return null;
  },
  edit: (world, a) => {
    if (a.text.trim() === "") fail("message.empty", "never");
    const message = mine(world, a.message);
    const marks = message.marks.includes("edited") ? message.marks : [...message.marks, "edited" as const];
    world.update({ ...message, text: a.text, marks });
    return null;
  },
  retract: (world, a) => {
    const message = mine(world, a.message);
    world.update({ ...message, text: "", attachments: [], marks: ["retracted"] });
    const { conversation } = world.locate(a.message);
    if (conversation.row.line === message.text) conversation.row.line = "";
    world.tellRow(conversation);
    return null;
  },
  preview: () => Uint8Array.from(atob(PREVIEW), (char) => char.charCodeAt(0)),
  saveAttachment: (world, a) => {
    const part = world.locate(a.message).message.attachments.find((known) => known.part === a.part);
    if (!part || part.state === "gone") fail("attachment.gone", "never");
    return part.name;
  },
};
