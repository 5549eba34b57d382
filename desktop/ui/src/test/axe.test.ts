/** Every screen, in every theme, before an accessibility checker; and none shows who a patient is before it was asked for. */
import { screen, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";

import type { Options } from "../port/memory/world.ts";
import { admin, faults, open, type Opened, openRow } from "./app.ts";

interface Place {
  name: string;
  scene?: Options["scene"];
  me?: string;
  go?: (opened: Opened) => Promise<unknown>;
  /** Asks for the identity: read-back and call card show it by their nature. */
  clear?: true;
}

const section = (name: string) => async (opened: Opened) => opened.user.click(await screen.findByRole("button", { name }));
const dialog = (row: RegExp, button: RegExp) => async (opened: Opened) => {
  await openRow(opened, row);
  await opened.user.click(await screen.findByRole("button", { name: button }));
  await screen.findByRole("dialog");
};
const page = (name: string) => (opened: Opened) => admin(opened, name);

const PLACES: Place[] = [
  { name: "welcome", scene: "fresh" },
  { name: "join", scene: "fresh", go: (opened) => opened.user.click(screen.getByRole("button", { name: /I have an invitation/ })) },
  { name: "found", scene: "fresh", go: (opened) => opened.user.click(screen.getByRole("button", { name: /Found/ })) },
  { name: "lock", scene: "locked" },
  { name: "station", scene: "station" },
  { name: "wiped", scene: "wiped" },
  { name: "inbox", go: () => screen.findByRole("heading", { name: "Waiting" }) },
  { name: "inbox offline", scene: "offline", go: () => screen.findByText(/Offline since/) },
  { name: "inbox empty", scene: "empty", go: () => screen.findByText("Nothing here") },
  { name: "critical result", go: (opened) => openRow(opened, /Potassium/) },
  { name: "correction", go: (opened) => openRow(opened, /Blood count/) },
  { name: "wrong patient", go: (opened) => openRow(opened, /INR/) },
  { name: "messages", go: (opened) => openRow(opened, /Cardiology on call/) },
  { name: "read-back typed", go: dialog(/Potassium/, /Read back/), clear: true },
  { name: "read-back chosen", go: dialog(/Blood culture/, /Read back/), clear: true },
  { name: "hand over", go: dialog(/Potassium/, /Hand over/) },
  { name: "call card", me: "p-haddad", go: dialog(/Potassium/, /Telephone/), clear: true },
  { name: "compose", go: async (opened) => { await screen.findByRole("heading", { name: "Waiting" }); await opened.user.click(screen.getAllByRole("button", { name: "New message" })[0] as HTMLElement); await opened.user.type(await screen.findByRole("combobox", { name: "To" }), "a"); } },
  { name: "patients", go: section("Patients") },
  { name: "on call", go: section("On call") },
  { name: "settings", go: section("Settings") },
  { name: "keyboard help", go: section("Keyboard") },
  ...["People", "Devices", "Invitations", "Roles", "Policy", "Two administrators", "Access review", "Security events"].map((name) => ({ name: `admin: ${name}`, go: page(name) })),
  { name: "admin: times", go: async (opened: Opened) => { await section("Admin")(opened); await opened.user.click(await screen.findByRole("button", { name: "Response times" })); await screen.findByRole("table"); } },
  { name: "admin: lost", go: async (opened: Opened) => { await admin(opened, "Devices"); await opened.user.click(await screen.findByRole("button", { name: /Pixel 9 of Dr L. Brandt/ })); await screen.findByText("What would happen"); } },
];

describe.each(["light", "dark", "contrast"] as const)("%s", (theme) => {
  test.each(PLACES)("$name", async ({ scene, me, go, clear }) => {
    const opened = await open({ theme, ...(scene ? { scene } : {}), ...(me ? { me } : {}), past: 30 });
    await go?.(opened);
    await waitFor(() => expect(document.documentElement.dataset["theme"]).toBe(theme));
    expect(await faults()).toEqual([]);
    if (clear) return;
    const shown = document.documentElement.outerHTML + document.title;
    const names = opened.port.world.patients.flatMap((patient) => [patient.name, patient.mrn, patient.birthDate]);
    expect(names.filter((name) => shown.includes(name))).toEqual([]);
  });
});
