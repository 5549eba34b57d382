// Administration (core/src/admin/*.rs). Grows next in the façade.

import type { HolderView } from "./loop.ts";

export type Outcome = { type: "done"; seq: number } | { type: "proposed"; seq: number };
export type RevocationMode = "revoke" | "wipe" | "emergency_wipe";

export interface RoleView {
  id: string;
  name: string;
  holders: number;
  actions: string[];
  privileged: boolean;
}

export interface RuleView {
  name: string;
  kind: "duration" | "count" | "bytes" | "switch" | "choice" | "steps" | "words";
  value: number[];
  isDefault: boolean;
  min: number;
  max: number;
  needsTwo: boolean;
}

export interface PolicyView {
  version: number;
  rules: RuleView[];
}

export interface ProposalView {
  seq: number;
  by: string;
  device: string;
  /** What it would do, as a code with its names. */
  act: "wipe_device" | "grant_role" | "change_policy" | "let_go";
  subject: string;
  object: string;
  reason: string;
  made: string;
  expires: string;
  standing: "open" | "carried" | "refused" | "expired";
  mayCountersign: boolean;
  /** Why not, where not. */
  mine: boolean;
}

export interface DryRunView {
  device: string;
  label: string;
  owner: HolderView;
  mode: RevocationMode;
  /** `done`: at once; `proposed`: waits for a second administrator. */
  outcome: "done" | "proposed" | "refused";
  pending: number[];
  channel: boolean;
  lastContact: string | null;
  others: number;
  conversations: number;
  open: { title: string; token: string; movesTo: string }[];
  falls: { devices: string[]; invitations: number; roles: string[] } | null;
}

export type WipeStage = "ordered" | "laid" | "fetched" | "destroyed" | "verified";

export interface WipeStatusView {
  device: string;
  label: string;
  owner: string;
  mode: RevocationMode;
  by: string;
  second: string | null;
  reason: string;
  seq: number;
  stages: { stage: WipeStage; at: string | null }[];
  deletedUnread: number;
  rekeyed: number;
  conversations: number;
  certificate: { digest: string; key: string; protection: "keyring" | "passphrase" | "hardware" } | null;
  refusedCertificates: number;
  exposure: ExposureView;
}

export interface ExposureView {
  messages: number;
  results: number;
  patients: number;
  tokens: string[];
  attachments: number;
  lastUnlocked: string | null;
  lastContact: string | null;
  leaseErases: string | null;
}

export interface ReviewView {
  person: string;
  name: string;
  roles: string[];
  state: "open" | "kept" | "withdrawn" | "lapsed";
  by: string | null;
  second: string | null;
  at: string | null;
}

export interface CampaignView {
  name: string;
  unit: string;
  by: string;
  opened: string;
  due: string;
  over: boolean;
  open: number;
  people: ReviewView[];
}

export interface SecurityEventView {
  sort: "refused" | "no_right" | "junk" | "fork" | "device" | "certificate";
  at: string | null;
  subject: string;
  conversation: string | null;
  count: number;
}

/** How long results took, for a unit, over the last days. */
export interface LoopTimesView {
  days: { day: string; median: number; p90: number; results: number }[];
  withinPolicy: number;
  total: number;
}

export interface InviteRequest {
  kind: "person" | "place" | "device";
  name: string;
  unit: string;
  roles: string[];
  owner: string | null;
  approval: boolean;
  inPerson: boolean;
}
