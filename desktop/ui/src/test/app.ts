/** The whole window over the hospital in a box, with a clock that is wound by hand. */
import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { vi } from "vitest";

import App from "../App.svelte";
import { HandClock } from "../port/memory/clock.ts";
import { type MemoryPort, memoryPort } from "../port/memory/index.ts";
import { tick as happen } from "../port/memory/tick.ts";
import type { Options } from "../port/memory/world.ts";
import type { Preferences } from "../port/types.ts";

export interface Opened {
  port: MemoryPort;
  user: ReturnType<typeof userEvent.setup>;
  container: HTMLElement;
  /** Lets the box and the window live through some time. */
  wind(milliseconds: number): Promise<void>;
}

export async function open(options: Omit<Options, "clock"> & Partial<Pick<Preferences, "theme" | "language">> = {}): Promise<Opened> {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const clock = new HandClock();
  const port = memoryPort({ past: 300, ...options, clock });
  port.world.preferences = { ...port.world.preferences, language: options.language ?? "en", theme: options.theme ?? "light" };
  const { container } = render(App, { props: { port } });
  await waitFor(() => {
    if (!document.querySelector("nav, main h1")) throw new Error("nothing is shown yet");
  });
  return {
    port,
    container,
    user: userEvent.setup({ delay: null }),
    async wind(milliseconds) {
      clock.wind(milliseconds);
      happen(port.world);
      vi.advanceTimersByTime(1000);
      await new Promise((done) => setTimeout(done, 0));
    },
  };
}

/** Opens the conversation whose row says this. */
export async function openRow(opened: Opened, says: RegExp): Promise<void> {
  const rows = await waitFor(() => {
    const found = [...document.querySelectorAll<HTMLElement>("[data-row]")].filter((row) => says.test(row.textContent));
    if (found.length === 0) throw new Error(`no row says ${says}`);
    return found;
  });
  await opened.user.click(rows[0] as HTMLElement);
  await screen.findByRole("feed");
}

export async function admin(opened: Opened, page: string): Promise<void> {
  await opened.user.click(await screen.findByRole("button", { name: "Admin" }));
  const nav = await screen.findByRole("navigation", { name: "Administration" });
  await opened.user.click(await within(nav).findByRole("button", { name: page }));
  await screen.findByRole("heading", { level: 1, name: page });
}

/** What an accessibility checker finds, one line each. jsdom draws nothing: contrast is tested on the tokens. */
export async function faults(): Promise<string[]> {
  const { violations } = await axe.run(document.documentElement, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  return violations.map((fault) => `${fault.id}: ${fault.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
}
