import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";

import App from "../App.svelte";
import { HandClock } from "../port/memory/clock.ts";
import { memoryPort } from "../port/memory/index.ts";
import { PortError } from "../port/port.ts";
import { open } from "./app.ts";

test("a store that cannot be opened is said with what to do, and can be tried again", async () => {
  const port = memoryPort({ clock: new HandClock(), past: 0 });
  let broken = true;
  const call = port.call.bind(port);
  port.call = (command, args) => (broken && command === "session" ? Promise.reject(new PortError({ code: "store.busy", retry: "later" })) : call(command, args));
  render(App, { props: { port } });
  expect(await screen.findByText("The store is busy.")).toBeInTheDocument();
  broken = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("navigation", { name: /Sections|Bereiche/ })).toBeInTheDocument();
});

test("a lock that fails is said", async () => {
  const { port, user } = await open();
  const call = port.call.bind(port);
  port.call = (command, args) => (command === "lock" ? Promise.reject(new PortError({ code: "store.failed", retry: "later" })) : call(command, args));
  await user.click(await screen.findByRole("button", { name: "Lock now" }));
  expect(await screen.findByText("The store did not answer.")).toBeInTheDocument();
});

test("a copied store is told at once, on every screen", async () => {
  const { port } = await open();
  port.world.tell({ type: "cloneAlarm" });
  await waitFor(() => expect(screen.getByText(/This device's data was copied/)).toBeInTheDocument());
});
