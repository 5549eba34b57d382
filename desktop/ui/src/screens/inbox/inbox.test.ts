import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { connect } from "../../port/memory/tick.ts";
import { open, openRow } from "../../test/app.ts";

const rows = () => [...document.querySelectorAll<HTMLElement>("[data-row]")].map((row) => row.textContent.replace(/\s+/g, " "));

test("what waits stands on top, the least time left first, with the time", async () => {
  await open();
  await screen.findByRole("heading", { name: "Waiting" });
  const texts = rows();
  expect(texts[0]).toContain("Wrong patient");
  expect(texts[1]).toContain("Troponin T");
  expect(texts[1]).toContain("Medicine on call, 5W, 1 min left");
  const potassium = texts.findIndex((text) => text.includes("Potassium"));
  expect(texts[potassium]).toContain("Waiting for you, 6 min left");
  expect(potassium).toBeLessThan(texts.findIndex((text) => text.includes("Ward 5 night")));
});

test("rows of one laboratory are told apart by token, bed and digits, and never by a name", async () => {
  const { port } = await open();
  await screen.findByRole("heading", { name: "Waiting" });
  const chemistry = rows().filter((text) => text.includes("Laboratory · Chemistry"));
  expect(new Set(chemistry).size).toBe(chemistry.length);
  for (const patient of port.world.patients) {
    expect(document.body.textContent).not.toContain(patient.name);
    expect(document.body.textContent).not.toContain(patient.mrn);
  }
});

test("the filters show mine, my duty's, the unread", async () => {
  const { user } = await open();
  await user.click(await screen.findByRole("button", { name: /My duty/ }));
  expect(rows()).toHaveLength(1);
  await user.click(screen.getByRole("button", { name: /For me/ }));
  expect(rows().every((text) => !text.includes("Pharmacy"))).toBe(true);
});

test("search finds on this device and opens the place", async () => {
  const { user } = await open();
  await screen.findByRole("heading", { name: "Waiting" });
  await user.keyboard("{Control>}k{/Control}");
  await new Promise((done) => setTimeout(done, 20));
  expect(screen.getByRole("searchbox")).toHaveFocus();
  await user.keyboard("aberrancy");
  expect(await screen.findByText("1 message found on this device")).toBeInTheDocument();
  await user.click(document.querySelector("[data-row]") as HTMLElement);
  expect(await screen.findByRole("heading", { level: 1, name: "Cardiology on call" })).toBeInTheDocument();
});

test("nothing found is said", async () => {
  const { user } = await open();
  await user.type(await screen.findByRole("searchbox"), "zzzz");
  expect(await screen.findByText("Nothing found on this device.")).toBeInTheDocument();
});

test("arrow keys walk the rows, Enter opens", async () => {
  const { user } = await open();
  await screen.findByRole("heading", { name: "Waiting" });
  (document.querySelector("[data-row]") as HTMLElement).focus();
  await user.keyboard("{ArrowDown}{ArrowDown}{ArrowUp}{Enter}");
  expect(await screen.findByRole("feed", { name: /Laboratory · Chemistry/ })).toBeInTheDocument();
});

test("offline is said with since when, and what waits to be sent", async () => {
  const { port } = await open({ scene: "offline" });
  const line = await screen.findByText(/Offline since 03:26/);
  expect(line.closest("[role=status]")).not.toBeNull();
  expect(screen.getByText(/1 message waits to be sent/)).toBeInTheDocument();
  connect(port.world, true);
  await waitFor(() => expect(screen.queryByText(/Offline since/)).toBeNull());
});

test("an alarm is said aloud and leads to its message", async () => {
  const { user } = await open();
  const bar = await screen.findByRole("region", { name: "Alarms" });
  await waitFor(() => expect(document.querySelector("[aria-live=assertive]")?.textContent).not.toBe(""));
  await user.click(within(bar).getByRole("button", { name: "Open" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Laboratory · Coagulation" })).toBeInTheDocument();
});

test("the title tells a number and nothing else", async () => {
  await open();
  await waitFor(() => expect(document.title).toBe("(5) Sotto"));
});

test("an empty inbox is said kindly", async () => {
  await open({ scene: "empty" });
  expect(await screen.findByText("Nothing here")).toBeInTheDocument();
});

test("a stalled conversation shows it, and cannot be written in", async () => {
  const opened = await open();
  await openRow(opened, /Stroke team/);
  expect(screen.getByText(/Stalled: cannot decrypt/)).toBeInTheDocument();
  expect(screen.queryByRole("textbox", { name: "Message" })).toBeNull();
});
