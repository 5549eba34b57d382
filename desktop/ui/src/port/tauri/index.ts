/** The real core, behind Tauri. The only folder that may import `@tauri-apps/*`. No rule and no word lives here. */
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import { PortError, type Port } from "../port.ts";
import { ERROR_CODES, type ErrorCode, type ErrorView, type Event } from "../types.ts";

/** The name of the one event stream. */
const STREAM = "sotto";

/** `wipeDryRun` → `wipe_dry_run`, as Rust names it. */
export function commandName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function isErrorView(thrown: unknown): thrown is ErrorView {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === "string" && ERROR_CODES.includes(code as ErrorCode);
}

export function tauriPort(): Port {
  return {
    async call(command, args) {
      try {
        return await invoke(commandName(command), args);
      } catch (thrown) {
        throw new PortError(isErrorView(thrown) ? thrown : { code: "client.failed", retry: "later" });
      }
    },
    listen(hear) {
      let stopped = false;
      const started = listen<Event>(STREAM, (message) => {
        if (!stopped) hear(message.payload);
      });
      return () => {
        stopped = true;
        void started.then((stop) => stop());
      };
    },
    now: () => Date.now(),
  };
}
