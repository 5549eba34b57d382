// Who sits here, is it open, is there a connection. Grows next in the façade (Status / NeedsUnlock exist in parts).

/** Acts one may ask about with `may` (core/src/roster/authorize/action.rs). */
export type Action =
  | "send_message" | "start_conversation" | "manage_members" | "send_result" | "mark_critical" | "acknowledge"
  | "acknowledge_critical" | "view_result" | "unmask" | "export" | "hold_duty" | "take_over" | "invite"
  | "approve_device" | "manage_people" | "revoke_device" | "wipe_device" | "define_role" | "grant_role"
  | "schedule_duty" | "change_policy" | "review_access";

/** What this build can do. A screen whose capability is missing is absent, not greyed out. */
export type Capability = "loop" | "compose_result" | "patients" | "on_call" | "admin" | "station" | "attachments";

export interface SessionView {
  state: "fresh" | "locked" | "open" | "wiping" | "wiped" | "excluded";
  organisation: string;
  device: string;
  me: { id: string; name: string; unit: string } | null;
  unlock: "keyring" | "passphrase" | "both" | "pin";
  /** A shared station: people who may open it here. Empty on a person's own device. */
  people: { id: string; name: string }[];
  idleLockSeconds: number;
  /** When the session ends whatever happens. */
  ends: string | null;
  lastUnlock: string | null;
  keyProtection: "keyring" | "passphrase" | "hardware";
  certificate: { digest: string; ended: string; reported: boolean } | null;
}

export interface ConnectionView {
  live: boolean;
  /** Since when it is as it is. */
  since: string;
  lastContact: string;
  /** Still to be sent. */
  waiting: number;
  /** When the device locks without fresh word of the roster. */
  leaseUntil: string;
}

export interface Preferences {
  language: "system" | "en" | "de";
  theme: "system" | "light" | "dark" | "contrast";
  motion: "system" | "reduced";
  shortcuts: boolean;
}

export interface LicenceView {
  name: string;
  version: string;
  licence: string;
}

/** Can I be reached? Each link of the chain, tried just now. */
export interface ReachView {
  link: "relay" | "roster" | "wake" | "notices" | "duty";
  ok: boolean;
  detail: string;
}

export interface LinkView {
  kind: "person" | "place" | "device";
  organisation: string;
  name: string;
  needsWords: boolean;
  relay: string;
}
