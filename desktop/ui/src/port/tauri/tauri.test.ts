import { beforeEach, expect, test, vi } from "vitest";

let invoke = vi.fn();
const fails = (thrown: unknown) => {
  invoke = vi.fn(() => new Promise((_, reject) => reject(thrown)));
};
vi.mock("@tauri-apps/api/core", () => ({ invoke: (...args: unknown[]) => invoke(...args) }));
vi.mock("@tauri-apps/api/event", () => ({
  listen: async (_name: string, hear: (message: { payload: unknown }) => void) => {
    hear({ payload: { type: "roster" } });
    return () => undefined;
  },
}));

const { commandName, tauriPort } = await import("./index.ts");

beforeEach(() => {
  invoke = vi.fn();
});

test("a command has Rust's name and its arguments as they are", async () => {
  invoke.mockResolvedValue([]);
  await tauriPort().call("wipeDryRun", { device: "d", mode: "wipe" });
  expect(invoke).toHaveBeenCalledWith("wipe_dry_run", { device: "d", mode: "wipe" });
  expect(commandName("markSeen")).toBe("mark_seen");
});

test("an error keeps its code", async () => {
  fails({ code: "role.not_allowed", retry: "needs_user" });
  await expect(tauriPort().call("inbox", {})).rejects.toMatchObject({ code: "role.not_allowed", retry: "needs_user" });
});

test("whatever else is thrown becomes a code without content", async () => {
  fails("thread panicked at Testpatient");
  const error = await tauriPort().call("inbox", {}).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "client.failed" });
  expect(String(error)).not.toContain("Testpatient");
});

test("events are heard until stopped", async () => {
  const heard: string[] = [];
  tauriPort().listen((event) => heard.push(event.type));
  await Promise.resolve();
  expect(heard).toEqual(["roster"]);
});
