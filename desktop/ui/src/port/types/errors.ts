/** Every code the façade knows (core/src/client/error.rs), and those of the areas it grows next. */
export const ERROR_CODES = [
  "admin.invalid", "admin.no_owner", "admin.second_needed", "admin.text", "admin.unknown_role", "attachment.damaged",
  "attachment.gone", "attachment.refused", "client.failed", "client.stopped", "conversation.alone", "conversation.closed",
  "conversation.direct", "conversation.not_found", "conversation.oneself", "device.clock_wrong",
  "device.copied_store", "device.excluded", "device.not_enrolled", "device.not_found", "device.wiped",
  "disk.full", "duty.unstaffed", "enrol.invitation_unknown", "enrol.link", "enrol.no_code", "enrol.words_wrong",
  "export.nothing", "file.exists", "file.failed", "file.not_found", "file.not_plain", "file.too_large",
  "message.empty", "message.gone", "message.not_found", "message.not_yours", "message.reaction",
  "message.too_long", "message.undo_over", "person.not_found", "purpose.missing", "readback.incomplete", "readback.mismatch",
  "readback.which", "relay.address", "relay.answer", "relay.full", "relay.limit", "relay.pin_mismatch",
  "relay.refused", "relay.signature", "relay.too_large", "relay.unauthorized", "relay.unreachable",
  "relay.version", "result.already_acknowledged", "result.ambiguous_orderer", "result.disputed",
  "result.member_may_not_view", "result.no_orderer", "result.no_person", "result.no_reason", "result.none",
  "result.not_critical", "result.other_patient", "result.outdated", "result.own",
  "result.recipient_may_not_view", "result.refused", "result.superseded", "result.test", "result.too_large",
  "result.withdrawn", "role.not_allowed", "roster.awaits_key", "roster.fork", "roster.update_required",
  "store.busy", "store.damaged", "store.disk_full", "store.exists", "store.failed", "store.locked",
  "store.network_file_system", "store.newer", "store.not_found", "store.running", "store.wrong_key",
  "vault.empty", "vault.failed", "vault.keyring", "vault.keyring_unavailable", "vault.missing_factor",
  "vault.unlock_share", "vault.wrong_passphrase", "wipe.failed",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export type Retry = "now" | "later" | "never" | "needs_user";

/** How a failed command crosses the port: a code, and what can be done. No content, no sentence. */
export interface ErrorView {
  code: ErrorCode;
  retry: Retry;
}
