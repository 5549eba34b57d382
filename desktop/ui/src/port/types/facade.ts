// Mirror of core/src/client/view.rs. Times are RFC 3339 in UTC, identifiers hexadecimal text.

export interface PersonView {
  id: string;
  name: string;
  unit: string;
  state: "active" | "invited" | "suspended" | "left";
  roles: string[];
  externalIds: [system: string, value: string][];
  devices: number;
  kind: "person" | "place";
  me: boolean;
}

export interface DeviceView {
  id: string;
  label: string;
  owner: string;
  ownerName: string;
  state: "confirmed" | "pending" | "revoked";
  safetyCode: string;
  this: boolean;
}

export interface InvitationView {
  id: string;
  name: string;
  link: string;
  /** Empty where the link holds them. */
  words: string;
  expires: string;
  approval: boolean;
}

export interface PendingApprovalView {
  invitation: string;
  name: string;
  deviceLabel: string;
  code: string;
}

export type JoinView =
  | { state: "joined"; device: string; organisation: string }
  | { state: "awaiting_approval"; code: string };

export interface ConversationView {
  id: string;
  kind: "direct" | "group";
  title: string;
  state: "creating" | "active" | "left" | "stalled" | "read_only";
  members: string[];
  updated: string;
  unacknowledged: number;
}

export type Priority = "routine" | "urgent" | "critical";
export type Mark = "edited" | "retracted" | "expired";

export interface MessageView {
  id: string;
  conversation: string;
  kind: "text" | "card" | "attachment" | "statement" | "system";
  sender: string;
  senderId: string;
  mine: boolean;
  priority: Priority;
  sent: string;
  received: string;
  drifted: boolean;
  text: string;
  replyTo: string | null;
  marks: Mark[];
  reactions: [name: string, emoji: string][];
  card: CardView | null;
  attachments: AttachmentView[];
  expires: string | null;
  /** Grows next: what a statement or a system entry says, as a code with its names. */
  notice: NoticeView | null;
}

export interface NoticeView {
  code:
    | "joined"
    | "removed"
    | "device_added"
    | "device_wiped"
    | "reset"
    | "healed"
    | "stalled"
    | "acknowledged"
    | "declined"
    | "mismatch"
    | "transferred"
    | "redirected"
    | "taken_over"
    | "escalated"
    | "acknowledged_by_telephone";
  who: string;
  whom: string;
  reason: string;
}

export type ReportStatus =
  | "registered"
  | "partial"
  | "preliminary"
  | "final"
  | "amended"
  | "corrected"
  | "appended"
  | "cancelled"
  | "entered-in-error"
  | "unknown";

export interface CardView {
  title: string;
  status: ReportStatus;
  version: number;
  currentVersion: number;
  disputed: boolean;
  digest: string;
  critical: boolean;
  test: boolean;
  /** Values are blanked; grows next: a code instead of the façade's sentence. */
  blanked: "wrong_patient" | "entered_in_error" | null;
  patient: string;
  token: string;
  birthDate: string | null;
  identifiers: [authority: string, value: string][];
  unmasked: boolean;
  collected: string | null;
  issued: string | null;
  orderer: string | null;
  unit: string | null;
  observations: ObservationView[];
  acknowledgedBy: string[];
}

export interface ObservationView {
  number: number;
  name: string;
  value: string;
  unit: string;
  interpretation: string[];
  reference: string;
  status: string;
  critical: boolean;
  previous: string | null;
  options: string[];
  notes: string[];
}

export interface AttachmentView {
  part: number;
  name: string;
  media: string;
  size: number;
  state: "wanted" | "uploading" | "here" | "gone";
}

export type MessageState =
  | "waiting"
  | "queued"
  | "delivered"
  | "seen"
  | "acknowledged"
  | "acknowledged_by_telephone"
  | "declined"
  | "mismatch"
  | "expired"
  | "revoked";

export interface StateTime {
  state: MessageState;
  at: string;
}

export interface StatusView {
  id: string;
  name: string;
  state: MessageState;
  times: StateTime[];
  version: number | null;
}

export interface MessageStatusView {
  message: string;
  queued: string | null;
  people: StatusView[];
}

export interface SentResultView {
  message: string | null;
  conversation: string | null;
  to: string;
  title: string;
  version: number;
  duplicate: boolean;
  critical: boolean;
}

export interface HeldView {
  number: number;
  conversation: string | null;
  cause: string;
  refused: boolean;
  since: string;
  repeats: number;
}

export interface Finding {
  topic: string;
  level: "ok" | "warning" | "problem";
  text: string;
}

/** What changed in a watched conversation (core/src/client/timeline.rs). */
export type Diff =
  | { type: "append"; message: MessageView }
  | { type: "update"; message: MessageView }
  | { type: "state"; status: MessageStatusView }
  | { type: "reset"; messages: MessageView[] };

/** v3 PurposeOfUse. */
export type PurposeCode = "TREAT" | "ETREAT" | "HOPERAT" | "BTG";

export interface Unmask {
  purpose: PurposeCode;
  reason: string;
}

export interface ReadBack {
  observation: number | null;
  value: string;
}
