import type * as V from "./facade.ts";
import type * as L from "./loop.ts";
import type * as S from "./session.ts";
import type * as C from "./compose.ts";
import type * as P from "./care.ts";
import type * as A from "./admin.ts";

type None = Record<string, never>;
type OnMessage = { message: string };
type OnDevice = { device: string };

/** Every command: its name, what goes in, what comes out. Each is its own permission of the shell. */
export interface Commands {
  // session
  capabilities(a: None): S.Capability[];
  session(a: None): S.SessionView;
  unlock(a: { person: string | null; secret: string }): S.SessionView;
  lock(a: None): null;
  switchPerson(a: { person: string; secret: string }): S.SessionView;
  activity(a: None): null;
  connection(a: None): S.ConnectionView;
  preferences(a: None): S.Preferences;
  setPreferences(a: { preferences: S.Preferences }): null;
  may(a: { action: S.Action; conversation: string | null; message: string | null }): boolean;
  // welcome
  readLink(a: { text: string }): S.LinkView;
  readQr(a: { image: Uint8Array }): string;
  join(a: { link: string; words: string; deviceLabel: string; secret: string }): V.JoinView;
  awaitApproval(a: None): V.JoinView;
  found(a: { name: string; relay: string; token: string; adminName: string; deviceLabel: string; secret: string; rootSecret: string }): V.JoinView;
  // inbox, timeline
  inbox(a: None): P.InboxRowView[];
  search(a: { query: string; limit: number }): P.SearchHitView[];
  watch(a: { conversation: string; limit: number }): V.MessageView[];
  unwatch(a: { conversation: string }): null;
  page(a: { conversation: string; before: string; limit: number }): V.MessageView[];
  message(a: { message: string; unmask: V.Unmask | null }): V.MessageView;
  status(a: OnMessage): V.MessageStatusView;
  markSeen(a: OnMessage): null;
  react(a: { message: string; emoji: string }): null;
  edit(a: { message: string; text: string }): null;
  retract(a: OnMessage): null;
  preview(a: { message: string; part: number }): Uint8Array;
  saveAttachment(a: { message: string; part: number }): string;
  // the loop
  loops(a: None): L.LoopView[];
  readBack(a: OnMessage): L.ReadBackView;
  acknowledge(a: { message: string; values: V.ReadBack[]; identifiers: string[] }): null;
  decline(a: { message: string; reason: string }): null;
  redirect(a: { message: string; to: string; reason: string }): null;
  transfer(a: { message: string; to: string; reason: string }): null;
  takeOver(a: { message: string; reason: string }): null;
  complete(a: OnMessage): null;
  callCard(a: OnMessage): L.CallCardView;
  recordCall(a: { call: L.CallCard }): null;
  // composing
  recipients(a: { query: string }): C.RecipientView[];
  addAttachment(a: { name: string; media: string; bytes: Uint8Array }): C.AttachmentDraftView;
  dropAttachment(a: { id: string }): null;
  check(a: { draft: C.DraftView }): C.CheckView;
  send(a: { draft: C.DraftView }): C.SendView;
  undo(a: OnMessage): null;
  readResult(a: { bytes: Uint8Array }): C.ResultDraftView[];
  sendResult(a: { result: C.ResultDraft }): V.SentResultView;
  // patients, on call
  patients(a: { query: string }): P.PatientRowView[];
  patient(a: { token: string; unmask: V.Unmask | null }): P.PatientView;
  duties(a: None): P.DutyView[];
  shifts(a: { from: string; days: number }): P.ShiftView[];
  handoff(a: { duty: string }): P.HandoffView;
  giveHandoff(a: { duty: string; to: string }): null;
  takeHandoff(a: { duty: string }): null;
  // administration
  people(a: None): V.PersonView[];
  devices(a: None): V.DeviceView[];
  invitations(a: None): V.InvitationView[];
  invite(a: { request: A.InviteRequest }): V.InvitationView;
  inviteMany(a: { csv: string }): V.InvitationView[];
  invitationQr(a: { invitation: string }): number[][];
  pendingApprovals(a: None): V.PendingApprovalView[];
  approve(a: { invitation: string }): null;
  roles(a: None): A.RoleView[];
  policy(a: None): A.PolicyView;
  setPolicy(a: { name: string; value: number[]; reason: string }): A.Outcome;
  proposals(a: None): A.ProposalView[];
  countersign(a: { seq: number }): null;
  refuse(a: { seq: number; reason: string }): null;
  wipeDryRun(a: { device: string; mode: A.RevocationMode }): A.DryRunView;
  revoke(a: { device: string; mode: A.RevocationMode; reason: string }): A.Outcome;
  wipes(a: None): A.WipeStatusView[];
  wipeStatus(a: OnDevice): A.WipeStatusView;
  saveEvidence(a: OnDevice): string;
  reviews(a: None): A.CampaignView[];
  answerReview(a: { campaign: string; person: string; keep: boolean }): null;
  securityEvents(a: None): A.SecurityEventView[];
  loopTimes(a: None): A.LoopTimesView;
  // this device
  doctor(a: None): V.Finding[];
  held(a: None): V.HeldView[];
  reach(a: None): S.ReachView[];
  licences(a: None): S.LicenceView[];
}

export type CommandName = keyof Commands;
export type Args<C extends CommandName> = Parameters<Commands[C]>[0];
export type Answer<C extends CommandName> = ReturnType<Commands[C]>;

/** What changed, told after the commit (core/src/client/event.rs, with the diffs of what is being watched). */
export type Event =
  | { type: "timeline"; conversation: string; diff: V.Diff }
  | { type: "inbox"; row: P.InboxRowView }
  | { type: "inboxGone"; conversation: string }
  | { type: "loop"; loop: L.LoopView }
  | { type: "alarm"; row: P.InboxRowView }
  | { type: "wipe"; status: A.WipeStatusView }
  | { type: "session"; session: S.SessionView }
  | { type: "connection"; connection: S.ConnectionView }
  | { type: "roster" }
  | { type: "held" }
  | { type: "duties" }
  | { type: "cloneAlarm" }
  | { type: "reset" };
