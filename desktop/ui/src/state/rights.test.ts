import { expect, test } from "vitest";

import { HandClock } from "../port/memory/clock.ts";
import { memoryPort } from "../port/memory/index.ts";
import { Rights } from "./rights.svelte.ts";

const answered = () => new Promise((done) => setTimeout(done, 5));

test("nothing is permitted until the core has said so", async () => {
  const rights = new Rights(memoryPort({ clock: new HandClock(), past: 0 }));
  expect(rights.may("wipe_device")).toBe(false);
  await answered();
  expect(rights.may("wipe_device")).toBe(true);
  expect(rights.may("send_result")).toBe(false);
});

test("a change of the roster is asked for, and nothing blinks meanwhile", async () => {
  const port = memoryPort({ clock: new HandClock(), past: 0 });
  const rights = new Rights(port);
  rights.may("wipe_device");
  await answered();
  const me = port.world.people.find((person) => person.me);
  if (me) me.roles = ["physician"];
  rights.refresh();
  expect(rights.may("wipe_device")).toBe(true);
  await answered();
  expect(rights.may("wipe_device")).toBe(false);
});

test("another person inherits nothing, not even an answer on its way", async () => {
  const rights = new Rights(memoryPort({ clock: new HandClock(), past: 0 }));
  rights.may("wipe_device");
  await Promise.resolve();
  rights.forget();
  await answered();
  // The question was the person's before; it has to be asked anew.
  expect(rights.may("wipe_device")).toBe(false);
});
