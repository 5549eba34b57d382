/** A ward's long memory: 100,000 messages that exist only while somebody looks at them. */
import type { MessageView } from "../types.ts";
import { iso, MINUTE, NIGHT } from "./clock.ts";
import { Seeded } from "./random.ts";

const SENDERS = [
  ["p-meyer", "D. Meyer"],
  ["p-rossi", "G. Rossi"],
  ["p-brandt", "Dr L. Brandt"],
  ["p-silva", "Dr N. Silva"],
] as const;

const LINES = [
  "Handoff list updated, two open items.",
  "Bed 7B is back from radiology.",
  "Blood pressure stable since the last round. Infusion runs as charted, next check at the top of the hour.",
  "Could somebody second-check the insulin for 3A?",
  "On my way.",
  "Family would like to speak to the team tomorrow before noon; I told them somebody will call and that visiting hours start at two. They were fine with it.",
  "Monitor in 11A alarms for the lead, not the rhythm. Changed the electrodes.",
  "Thank you.",
  "Pharmacy sent the evening doses.",
  "Physio postponed to tomorrow.",
];

/** Minutes between two messages of the past. */
const PACE = 4;

export function pastMessage(conversation: string, at: number, count: number, me: string): MessageView {
  const random = new Seeded(at * 2654435761 + 17);
  const [senderId, sender] = random.pick(SENDERS);
  const sent = iso(NIGHT - (count - at) * PACE * MINUTE - 40 * MINUTE);
  return {
    id: pastId(conversation, at),
    conversation,
    kind: "text",
    sender,
    senderId,
    mine: senderId === me,
    priority: "routine",
    sent,
    received: sent,
    drifted: false,
    text: random.pick(LINES),
    replyTo: null,
    marks: [],
    reactions: random.below(14) === 0 ? [["G. Rossi", "👍"]] : [],
    card: null,
    attachments: [],
    expires: null,
    notice: null,
  };
}

export function pastId(conversation: string, at: number): string {
  return `${conversation}.${at.toString(16).padStart(8, "0")}`;
}

/** Which message of the past an identifier names; null where it names none. */
export function pastAt(conversation: string, id: string): number | null {
  if (!id.startsWith(`${conversation}.`)) return null;
  const at = Number.parseInt(id.slice(conversation.length + 1), 16);
  return Number.isNaN(at) ? null : at;
}
