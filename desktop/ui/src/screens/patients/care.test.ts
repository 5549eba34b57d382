import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { open } from "../../test/app.ts";

test("patients are tokens, units and beds until one asks; my own without a question", async () => {
  const { user, port } = await open();
  await user.click(await screen.findByRole("button", { name: "Patients" }));
  const patient = port.world.patients[0];
  await user.click(await screen.findByRole("button", { name: new RegExp(patient?.mark.token ?? "?") }));
  await screen.findByRole("heading", { level: 1, name: patient?.mark.token ?? "?" });
  for (const one of port.world.patients) expect(document.body.textContent).not.toContain(one.name);
  await user.click(screen.getByRole("button", { name: "Show identifiers…" }));
  expect(await screen.findByRole("heading", { level: 1, name: patient?.name ?? "?" })).toBeInTheDocument();
});

test("somebody else's patient wants purpose and reason", async () => {
  const { user, port } = await open();
  const other = port.world.patients.find((one) => !one.team.includes("p-silva"));
  await user.click(await screen.findByRole("button", { name: "Patients" }));
  await user.click(await screen.findByRole("button", { name: new RegExp(other?.mark.token ?? "?") }));
  await user.click(await screen.findByRole("button", { name: "Show identifiers…" }));
  const dialog = await screen.findByRole("dialog", { name: "Show who this is" });
  await user.click(within(dialog).getByRole("button", { name: "Show" }));
  expect(document.body.textContent).not.toContain(other?.name);
  await user.click(within(dialog).getByRole("radio", { name: "Emergency treatment" }));
  await user.type(within(dialog).getByRole("textbox", { name: "Reason" }), "unconscious, no records");
  await user.click(within(dialog).getByRole("button", { name: "Show" }));
  expect(await screen.findByRole("heading", { level: 1, name: other?.name ?? "?" })).toBeInTheDocument();
  expect(port.world.unmasked.at(-1)).toMatchObject({ purpose: "ETREAT", reason: "unconscious, no records" });
});

test("no patient found is said", async () => {
  const { user } = await open();
  await user.click(await screen.findByRole("button", { name: "Patients" }));
  await user.type(await screen.findByRole("searchbox"), "zzz");
  expect(await screen.findByText("No patient matches on this device.")).toBeInTheDocument();
});

test("who is on call, where nobody is, and the handoff with its open items", async () => {
  const { user } = await open();
  await user.click(await screen.findByRole("button", { name: "On call" }));
  expect(await screen.findByText("2 gaps in the next three days")).toBeInTheDocument();
  expect(screen.getByText(/Nobody until 06:33. Next: Dr P. Novak./)).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Handoff" }));
  const dialog = await screen.findByRole("dialog", { name: "Handoff: Medicine on call, 5W" });
  expect(await within(dialog).findByText("Repeat potassium at 05:00")).toBeInTheDocument();
  await user.type(within(dialog).getByRole("combobox"), "brandt{Enter}");
  await user.click(within(dialog).getByRole("button", { name: "Hand off" }));
  expect(await within(dialog).findByText("Given to Dr L. Brandt. Yours until Dr L. Brandt takes it.")).toBeInTheDocument();
});

test("language and theme change at once", async () => {
  const { user } = await open();
  await user.click(await screen.findByRole("button", { name: "Settings" }));
  await user.click(await screen.findByRole("radio", { name: "High contrast" }));
  expect(document.documentElement.dataset["theme"]).toBe("contrast");
  await user.click(screen.getByRole("radio", { name: "Deutsch" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Einstellungen" })).toBeInTheDocument();
  expect(document.documentElement.lang).toBe("de");
});

test("can I be reached, and the doctor's findings", async () => {
  const { user } = await open();
  await user.click(await screen.findByRole("button", { name: "Settings" }));
  await user.click(await screen.findByRole("button", { name: "Try it now" }));
  expect(await screen.findByText("Yes. Everything on the way to you works.")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Examine this device" }));
  expect(await screen.findByText(/The last backup is older than a week/)).toBeInTheDocument();
});

test("shortcuts are listed, work, and can be switched off", async () => {
  const { user, port } = await open();
  await screen.findByRole("button", { name: "Admin" });
  await user.keyboard("{F1}");
  expect(within(await screen.findByRole("dialog", { name: "Keyboard" })).getByText("Read back the open result")).toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: "Close" }));
  await user.keyboard("{Alt>}2{/Alt}");
  expect(await screen.findByRole("heading", { level: 1, name: "On call" })).toBeInTheDocument();
  await user.keyboard("{Alt>}5{/Alt}");
  await user.click(await screen.findByRole("checkbox", { name: "Keyboard shortcuts" }));
  await user.keyboard("{Alt>}2{/Alt}");
  await waitFor(() => expect(port.world.preferences.shortcuts).toBe(false));
  expect(screen.getByRole("heading", { level: 1, name: "Settings" })).toBeInTheDocument();
});

test("F6 walks the parts of the window", async () => {
  const { user } = await open();
  await screen.findByRole("heading", { name: "Waiting" });
  const parts = new Set<Element | null>();
  for (let turn = 0; turn < 4; turn++) {
    await user.keyboard("{F6}");
    parts.add(document.activeElement?.closest("[data-pane]") ?? null);
  }
  expect(parts.size).toBeGreaterThanOrEqual(3);
});
