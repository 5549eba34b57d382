// Writing: whom it reaches, what was removed, how loud it may be. Grows next in the façade (Draft exists).

import type { HolderView } from "./loop.ts";
import type { Priority } from "./facade.ts";

export interface RecipientView {
  id: string;
  kind: "person" | "duty" | "place" | "conversation" | "ordering";
  name: string;
  unit: string;
  /** For a duty or `ordering`: who that is now. Null: nobody. */
  now: HolderView | null;
  /** For an unstaffed duty: who is next, and when. */
  nextUp: { name: string; at: string } | null;
  lastContact: string | null;
}

export interface BudgetView {
  urgentLeft: number;
  urgentPerDay: number;
  /** How many people this wakes. */
  interrupts: number;
}

export interface AttachmentDraftView {
  id: string;
  name: string;
  media: string;
  size: number;
  /** What was taken out before it leaves. */
  removed: ("location" | "camera" | "author" | "thumbnail" | "revisions" | "patient_header" | "active_content")[];
  /** It cannot go, and why. */
  refused: "unreadable" | "burned_in" | "kind" | "too_large" | null;
}

/** Something a person should know before it goes. */
export interface WarningView {
  code:
    | "names_in_text" | "identifier_in_text" | "sensitive" | "first_time" | "other_unit" | "not_staffed"
    | "offline" | "over_budget" | "differs_from_ordering" | "lease_old";
  /** `ask`: goes with a reason; `block`: does not go. */
  level: "warn" | "ask" | "block";
  /** The words in the draft it is about. */
  spans: { from: number; to: number }[];
  name: string;
}

export interface DraftView {
  to: string[];
  conversation: string | null;
  text: string;
  replyTo: string | null;
  priority: Priority;
  expiresSeconds: number | null;
  attachments: string[];
  reason: string;
}

export interface CheckView {
  warnings: WarningView[];
  budget: BudgetView;
  reaches: HolderView[];
  devices: number;
}

export interface SendView {
  message: string;
  conversation: string;
  /** It can be taken back unseen until then. */
  undoUntil: string;
}

/** A laboratory result read from a file, before it is sent. */
export interface ResultDraftView {
  id: string;
  title: string;
  token: string;
  values: string[];
  flagged: boolean;
  ordering: RecipientView;
  backup: HolderView | null;
  holder: HolderView;
  test: boolean;
}

export interface ResultDraft {
  draft: string;
  to: string;
  criticalReason: string | null;
  expiresSeconds: number | null;
}
