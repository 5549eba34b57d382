// The result loop as it is shown: who holds a critical result, until when, and who is next. Grows next in the façade.

export interface HolderView {
  id: string;
  name: string;
  kind: "person" | "place" | "duty";
}

export interface LoopStepView {
  to: HolderView;
  kind: "backup" | "supervisor" | "desk";
  at: string;
  reached: boolean;
}

export type LoopState =
  | "open"
  | "exhausted"
  | "acknowledged"
  | "acknowledged_by_telephone"
  | "completed"
  | "transferred"
  | "declined"
  | "withdrawn";

export interface LoopView {
  message: string;
  conversation: string;
  state: LoopState;
  /** Who is answerable now: the sending desk until a person has acknowledged. */
  holder: HolderView;
  addressed: Addressed;
  /** The duty it came by, where it did. */
  duty: string | null;
  started: string;
  /** When it goes to `next`; null where no clock runs. */
  until: string | null;
  next: HolderView | null;
  steps: LoopStepView[];
  /** After a nurse's acknowledgement: the responsible provider's own clock. */
  provider: { name: string; since: string; until: string; has: boolean } | null;
  /** An acknowledgement made offline: the relay has not confirmed, the escalation still runs. */
  unsent: boolean;
  /** Nobody could be reached: a person must telephone. */
  needsCall: boolean;
}

export type Addressed = "me" | "duty" | "other";

/** What the read-back asks. Delivered only to whom the card was addressed; opening it is recorded (TREAT). */
export interface ReadBackView {
  message: string;
  patient: string;
  mrn: string;
  values: ReadBackItem[];
  birthDates: string[];
}

export interface ReadBackItem {
  observation: number;
  name: string;
  unit: string;
  mode: "typed" | "chosen" | "confirm";
  options: string[];
  /** Only for `confirm`. */
  value: string | null;
}

export interface CallCardView {
  message: string;
  number: string;
  whom: string;
  identifiers: [authority: string, value: string][];
  values: ReadBackItem[];
}

export interface CallCard {
  message: string;
  outcome: "spoken" | "voicemail" | "no_answer";
  identifiers: string[];
  values: string[];
  takenBy: string;
}
