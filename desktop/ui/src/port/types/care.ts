// Inbox rows, patients, duties. Grows next in the façade.

import type { ConversationView, MessageView, Priority } from "./facade.ts";
import type { Addressed, HolderView } from "./loop.ts";

/** A patient as lists may show one: never a name. */
export interface PatientMarkView {
  token: string;
  unit: string;
  bed: string;
  /** As many digits as tell rows apart on this device. */
  digits: string;
}

export interface InboxRowView {
  conversation: ConversationView;
  addressed: Addressed;
  duty: string | null;
  patient: PatientMarkView | null;
  priority: Priority;
  /** The newest line; empty for a result, which has `result`. */
  line: string;
  lineFrom: string;
  result: string | null;
  unread: number;
  /** When the open critical result here goes to the next person. */
  until: string | null;
  started: string | null;
  alarm: "none" | "critical" | "correction" | "wrong_patient" | "call" | "provider" | "unsent";
  /** The message the alarm is about. */
  message: string | null;
  at: string;
}

export interface SearchHitView {
  message: MessageView;
  conversationTitle: string;
}

export interface PatientRowView extends PatientMarkView {
  open: number;
  conversations: number;
  updated: string;
  mine: boolean;
}

export interface PatientView {
  mark: PatientMarkView;
  unmasked: boolean;
  name: string | null;
  birthDate: string | null;
  identifiers: [authority: string, value: string][];
  conversations: ConversationView[];
  open: MessageView[];
  /** Opening it is part of my work with this patient: no question is asked. */
  mine: boolean;
}

export interface DutyView {
  id: string;
  name: string;
  unit: string;
  holder: HolderView | null;
  until: string | null;
  next: HolderView | null;
  backup: HolderView | null;
  mine: boolean;
  open: number;
}

export interface ShiftView {
  id: string;
  duty: string;
  from: string;
  to: string;
  /** Null: a gap. */
  holder: HolderView | null;
  mine: boolean;
}

/** One line of a handoff, in the order of I-PASS. */
export interface HandoffItemView {
  id: string;
  patient: PatientMarkView;
  severity: "stable" | "watch" | "unstable";
  summary: string;
  actions: string[];
  ifThen: string;
  open: number;
}

export interface HandoffView {
  duty: string;
  dutyName: string;
  from: HolderView;
  to: HolderView | null;
  at: string;
  items: HandoffItemView[];
  state: "open" | "given" | "taken";
}
