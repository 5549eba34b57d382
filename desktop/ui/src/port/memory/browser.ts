/** The box in a browser: `?scene=offline&as=p-haddad&theme=dark&lang=de&past=1000`. Its clock runs. */
import type { Preferences } from "../types.ts";
import { runningClock } from "./clock.ts";
import { memoryPort } from "./index.ts";
import { connect, tick } from "./tick.ts";
import type { Options } from "./world.ts";

export function browserPort(query: URLSearchParams) {
  const port = memoryPort({
    clock: runningClock(),
    scene: (query.get("scene") ?? "open") as NonNullable<Options["scene"]>,
    me: query.get("as") ?? "p-silva",
    past: Number(query.get("past") ?? 100_000),
    approval: 5000,
  });
  port.world.preferences = {
    ...port.world.preferences,
    theme: (query.get("theme") ?? "system") as Preferences["theme"],
    language: (query.get("lang") ?? "system") as Preferences["language"],
  };
  setInterval(() => tick(port.world), 500);
  const back = Number(query.get("back") ?? 0);
  if (back > 0) setTimeout(() => connect(port.world, true), back * 1000);
  return port;
}
