import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { open, type Opened, openRow } from "../../test/app.ts";

const KEY = /Potassium/;

async function readBack(opened: Opened, value: string, right = true) {
  const { user, port } = opened;
  await user.click(await screen.findByRole("button", { name: "Read back and accept" }));
  const dialog = await screen.findByRole("dialog", { name: "Read back, then it is yours" });
  await user.type(await within(dialog).findByRole("textbox", { name: /The value you read/ }), value);
  const patient = port.world.patients[0];
  const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(`${patient?.birthDate}T00:00:00Z`));
  await user.click(within(dialog).getByRole("radio", { name: right ? date : "None of these" }));
  await user.click(within(dialog).getByRole("checkbox"));
  await user.click(within(dialog).getByRole("button", { name: "Accept responsibility" }));
  return dialog;
}

test("the card says value, flag, reference, specimen age, who holds it and what happens next", async () => {
  const opened = await open();
  await openRow(opened, KEY);
  const card = screen.getByRole("article", { name: "Critical result: Potassium, serum" });
  for (const words of ["6.8", "mmol/L", "HH", "critically high", "reference 3.5 – 5.1", "Specimen age", "22 min", "Nobody has accepted this yet.", "Held by Laboratory · Chemistry until a person accepts.", "Goes to Dr L. Brandt in 6 min 42 s"]) {
    expect(card).toHaveTextContent(words);
  }
});

test("the clock runs, and the next person gets it when it ends", async () => {
  const opened = await open();
  await openRow(opened, KEY);
  await opened.wind(60_000);
  await waitFor(() => expect(screen.getByText(/Goes to Dr L. Brandt in 5 min 42 s/)).toBeInTheDocument());
  await opened.wind(235_000);
  await opened.user.keyboard("{Shift}");
  await opened.wind(110_000);
  await waitFor(() => expect(screen.getByText(/Goes to Dr P. Novak/)).toBeInTheDocument());
});

test("read back right, comma for point, it is mine; the line and a live region say so", async () => {
  const opened = await open();
  await openRow(opened, KEY);
  await readBack(opened, "6,80");
  expect(await screen.findByText("You have it.")).toBeInTheDocument();
  expect(document.querySelector("[aria-live=polite]")).toHaveTextContent("Accepted. It is yours.");
  expect(screen.getByText(/Dr N. Silva read back and accepted/)).toBeInTheDocument();
  await opened.user.click(screen.getByRole("button", { name: "Acted on" }));
  expect(await screen.findByText("Acted on. The loop is closed.")).toBeInTheDocument();
});

test("a mismatch is refused, said, and the fields are empty again", async () => {
  const opened = await open();
  await openRow(opened, KEY);
  const dialog = await readBack(opened, "8.6");
  expect(await within(dialog).findByText("That is not what the laboratory reported")).toBeInTheDocument();
  expect(within(dialog).getByRole("textbox")).toHaveValue("");
  expect(screen.getByText("Nobody has accepted this yet.")).toBeInTheDocument();
  expect(screen.getByText(/read back something else: refused/)).toBeInTheDocument();
});

test("the wrong birth date is a mismatch too", async () => {
  const opened = await open();
  await openRow(opened, KEY);
  const dialog = await readBack(opened, "6.8", false);
  expect(await within(dialog).findByText("That is not what the laboratory reported")).toBeInTheDocument();
});

test("without both identifiers nothing is sent", async () => {
  const opened = await open();
  await openRow(opened, KEY);
  await opened.user.click(await screen.findByRole("button", { name: "Read back and accept" }));
  const dialog = await screen.findByRole("dialog");
  await opened.user.type(await within(dialog).findByRole("textbox"), "6.8{Enter}");
  expect(within(dialog).getByText(/both identifiers are needed/)).toBeInTheDocument();
  expect(screen.getByText("Nobody has accepted this yet.")).toBeInTheDocument();
});

test("a text result is read back by choice", async () => {
  const opened = await open();
  await openRow(opened, /Blood culture/);
  await opened.user.click(await screen.findByRole("button", { name: "Read back and accept" }));
  const dialog = await screen.findByRole("dialog");
  expect(await within(dialog).findByRole("radio", { name: "Gram-positive cocci in clusters" })).toBeInTheDocument();
  expect(within(dialog).queryByRole("textbox")).toBeNull();
});

test("decline wants a reason, and the next person is named", async () => {
  const opened = await open();
  await openRow(opened, KEY);
  await opened.user.click(await screen.findByRole("button", { name: "Decline…" }));
  const dialog = await screen.findByRole("dialog", { name: "Decline this result" });
  await opened.user.click(within(dialog).getByRole("button", { name: "Decline" }));
  expect(await within(dialog).findByText("A reason is needed.")).toBeInTheDocument();
  await opened.user.type(within(dialog).getByRole("textbox"), "in theatre");
  await opened.user.click(within(dialog).getByRole("button", { name: "Decline" }));
  expect(await screen.findByText(/Dr N. Silva declined: in theatre/)).toBeInTheDocument();
});

test("hand over to somebody chosen", async () => {
  const opened = await open();
  await openRow(opened, KEY);
  await opened.user.click(await screen.findByRole("button", { name: "Hand over…" }));
  const dialog = await screen.findByRole("dialog", { name: "Hand over this result" });
  await opened.user.type(within(dialog).getByRole("combobox"), "novak{Enter}");
  await within(dialog).findByText("Dr P. Novak");
  await opened.user.type(within(dialog).getByRole("textbox", { name: "Reason" }), "on the unit");
  await opened.user.click(within(dialog).getByRole("button", { name: "Hand over" }));
  expect(await screen.findByText("Responsibility is with Dr P. Novak.")).toBeInTheDocument();
});

test("a correction shows old and new side by side and says it aloud; the old version leads to it", async () => {
  const opened = await open();
  await openRow(opened, /Blood count/);
  const cards = screen.getAllByRole("article", { name: /Blood count/ });
  expect(cards[0]).toHaveTextContent("Not current. A newer version of this result stands.");
  expect(cards[0]).not.toHaveTextContent("Read back and accept");
  expect(cards.at(-1)).toHaveTextContent("This result was corrected");
  expect(cards.at(-1)).toHaveTextContent("Haemoglobin: was 7.1 g/dL, is now 11.7 g/dL");
  expect(within(cards.at(-1) as HTMLElement).getByRole("button", { name: "Read back and accept" })).toBeInTheDocument();
});

test("a wrong patient's value is nowhere, the risk is named, nothing can be accepted", async () => {
  const opened = await open();
  await openRow(opened, /INR/);
  const card = screen.getByRole("article", { name: "Result: INR" });
  expect(card).toHaveTextContent("Wrong patient");
  expect(card).toHaveTextContent("look at both patients now");
  expect(within(card).queryByRole("button", { name: "Read back and accept" })).toBeNull();
});

test("a nurse's acceptance keeps the provider's clock, and the provider takes over with a reason", async () => {
  const opened = await open();
  await openRow(opened, /Glucose/);
  expect(screen.getByText(/Dr N. Silva must have it within 9 min/)).toBeInTheDocument();
  await opened.user.click(await screen.findByRole("button", { name: "Take over…" }));
  const dialog = await screen.findByRole("dialog");
  await opened.user.type(within(dialog).getByRole("textbox"), "I am here");
  await opened.user.click(within(dialog).getByRole("button", { name: "Take over" }));
  expect(await screen.findByText("Dr N. Silva has it too.")).toBeInTheDocument();
});

test("accepted offline: not sent, the escalation still runs", async () => {
  const opened = await open({ scene: "offline" });
  await openRow(opened, /Troponin/);
  expect(screen.getByText(/not sent: escalation still runs/, { selector: "p b" })).toBeInTheDocument();
});

test("the laboratory closes the loop by telephone, with two identifiers and the value repeated", async () => {
  const opened = await open({ me: "p-haddad" });
  const { user, port } = opened;
  await openRow(opened, KEY);
  await user.click(await screen.findByRole("button", { name: "Telephone…" }));
  const dialog = await screen.findByRole("dialog", { name: "Call card" });
  await user.click(await within(dialog).findByRole("radio", { name: "Voicemail" }));
  expect(within(dialog).getByText(/No name, no value/)).toBeInTheDocument();
  await user.click(within(dialog).getByRole("radio", { name: "I spoke to a person" }));
  await user.type(within(dialog).getByRole("textbox", { name: /the value as repeated/ }), "6.8");
  await user.type(within(dialog).getByRole("textbox", { name: /Who took it/ }), "Nurse on 5W");
  await user.click(within(dialog).getByRole("button", { name: "Close as accepted by telephone" }));
  expect(await within(dialog).findByText("Each value and both identifiers are needed.")).toBeInTheDocument();
  for (const box of within(dialog).getAllByRole("checkbox")) await user.click(box);
  await user.click(within(dialog).getByRole("button", { name: "Close as accepted by telephone" }));
  expect(await screen.findByText("Nurse on 5W took it by telephone.")).toBeInTheDocument();
  expect(port.world.people.find((p) => p.me)?.roles).toEqual(["laboratory"]);
});

test("identifiers appear on asking, are recorded, and leave the document again", async () => {
  const opened = await open();
  const name = opened.port.world.patients[0]?.name ?? "?";
  await openRow(opened, KEY);
  expect(document.body.textContent).not.toContain(name);
  await opened.user.click(await screen.findByRole("button", { name: "Show identifiers…" }));
  expect(await screen.findByText(name)).toBeInTheDocument();
  expect(opened.port.world.unmasked.at(-1)).toMatchObject({ purpose: "TREAT" });
  await opened.user.click(screen.getByRole("button", { name: "Hide identifiers" }));
  await waitFor(() => expect(document.body.textContent).not.toContain(name));
});

test("by keyboard: Alt R asks for the read-back, Escape leaves it and focus returns", async () => {
  const opened = await open();
  await openRow(opened, KEY);
  const button = await screen.findByRole("button", { name: "Read back and accept" });
  button.focus();
  await opened.user.keyboard("{Alt>}r{/Alt}");
  const dialog = await screen.findByRole("dialog");
  dialog.dispatchEvent(new Event("cancel", { cancelable: true }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(button).toHaveFocus();
});
