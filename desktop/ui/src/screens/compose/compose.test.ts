import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { open, openRow } from "../../test/app.ts";

const field = () => screen.findByRole("textbox", { name: "Message" });

test("a routine line goes at once with Ctrl Enter, and its states follow", async () => {
  const opened = await open();
  await openRow(opened, /A. Okafor/);
  await opened.user.type(await field(), "Thank you{Control>}{Enter}{/Control}");
  expect(await screen.findByText("· on the relay")).toBeInTheDocument();
  await opened.wind(2000);
  expect(await screen.findByText("· delivered to 1 of 1")).toBeInTheDocument();
  await opened.wind(6000);
  await waitFor(() => expect(screen.getAllByText("· seen by A. Okafor")).toHaveLength(2));
});

test("undo within ten seconds brings the text back; after that it is gone", async () => {
  const opened = await open();
  await openRow(opened, /A. Okafor/);
  await opened.user.type(await field(), "Wrong person{Control>}{Enter}{/Control}");
  await opened.user.click(await screen.findByRole("button", { name: /Undo/ }));
  await waitFor(async () => expect(await field()).toHaveValue("Wrong person"));
  expect(screen.queryAllByRole("article").every((one) => !one.textContent.includes("Wrong person"))).toBe(true);
  await opened.user.keyboard("{Control>}{Enter}{/Control}");
  await screen.findByRole("button", { name: /Undo/ });
  await opened.wind(11_000);
  await waitFor(() => expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull());
});

test("a patient's name in the text is pointed at, and replaced by the token", async () => {
  const opened = await open();
  await openRow(opened, /Potassium/);
  await opened.user.type(await field(), "Is Testpatient, Marta on dialysis?");
  await opened.user.click(screen.getByRole("button", { name: "Send" }));
  const dialog = await screen.findByRole("dialog", { name: "Before it goes" });
  expect(within(dialog).getByText("There is a patient's name in the text.")).toBeInTheDocument();
  await opened.user.click(within(dialog).getByRole("button", { name: "Replace with the patient token" }));
  const token = opened.port.world.patients[0]?.mark.token ?? "?";
  await waitFor(() => expect(screen.queryByText("There is a patient's name in the text.")).toBeNull());
  expect(await screen.findByText(new RegExp(`Is ${token} on dialysis`))).toBeInTheDocument();
});

test("something protected wants a reason before it goes", async () => {
  const opened = await open();
  await openRow(opened, /A. Okafor/);
  await opened.user.type(await field(), "On methadone, careful{Control>}{Enter}{/Control}");
  const dialog = await screen.findByRole("dialog");
  expect(within(dialog).getByRole("button", { name: "Send" })).toBeDisabled();
  await opened.user.type(within(dialog).getByRole("textbox", { name: "Reason" }), "interaction");
  await opened.user.click(within(dialog).getByRole("button", { name: "Send" }));
  expect(await screen.findByText("On methadone, careful")).toBeInTheDocument();
});

test("urgent pauses, says whom it interrupts and what is left of the day", async () => {
  const opened = await open();
  await openRow(opened, /A. Okafor/);
  await opened.user.selectOptions(await screen.findByRole("combobox", { name: "How loud" }), "urgent");
  await opened.user.type(await field(), "Please call me{Control>}{Enter}{/Control}");
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("Interrupts 1 person");
  expect(dialog).toHaveTextContent("3 of 8 urgent left today");
});

test("files show what was taken out; what cannot be read does not go", async () => {
  const opened = await open();
  await openRow(opened, /A. Okafor/);
  const picker = document.querySelector<HTMLInputElement>("form input[type=file]");
  if (!picker) throw new Error("no field");
  await opened.user.upload(picker, [new File(["x"], "wound.jpg", { type: "image/jpeg" }), new File(["x"], "scan.dcm", { type: "application/dicom" })]);
  expect(await screen.findByText(/Taken out before it leaves: place, camera data and embedded thumbnail/)).toBeInTheDocument();
  expect(await screen.findByText(/Patient data may be burned into the picture/)).toBeInTheDocument();
  await opened.user.click(screen.getByRole("button", { name: "Send" }));
  expect(await screen.findByText("wound.jpg", { selector: "[role=article] *" })).toBeInTheDocument();
  expect(screen.queryByText("scan.dcm")).toBeNull();
});

test("a new message: a duty shows who that is now; an unstaffed one is refused with who is next", async () => {
  const opened = await open();
  await screen.findByRole("navigation", { name: "Sections" });
  await opened.user.keyboard("{Control>}n{/Control}");
  const dialog = await screen.findByRole("dialog", { name: "New message" });
  await opened.user.type(within(dialog).getByRole("combobox", { name: "To" }), "neuro");
  expect(await within(dialog).findByText(/nobody now, next Dr P. Novak/)).toBeInTheDocument();
  await opened.user.keyboard("{Enter}");
  await opened.user.type(within(dialog).getByRole("textbox", { name: "Message" }), "Advice?");
  await opened.user.click(within(dialog).getByRole("button", { name: "Send" }));
  const check = await screen.findByRole("dialog", { name: "Before it goes" });
  expect(within(check).getByText(/Nobody holds this duty now. Next is Dr P. Novak/)).toBeInTheDocument();
  expect(within(check).getByRole("button", { name: "Send" })).toBeDisabled();
});

test("the laboratory sends a flagged result to its orderer, and sees who holds it", async () => {
  const opened = await open({ me: "p-haddad" });
  await opened.user.click(await screen.findByRole("button", { name: "Send a result" }));
  const dialog = await screen.findByRole("dialog", { name: "Send a laboratory result" });
  const picker = dialog.querySelector<HTMLInputElement>("input[type=file]");
  if (!picker) throw new Error("no field");
  const file = new File(["MSH|^~\\&|LAB\rOBX|1|NM|2160-0^Lactate||6.2|mmol/L|0.5-2.2|HH|||F"], "r.hl7");
  await opened.user.upload(picker, file);
  expect(await within(dialog).findByText(/Lactate 6.2 mmol\/L/)).toBeInTheDocument();
  expect(dialog).toHaveTextContent("The orderer: Dr N. Silva");
  await opened.user.click(within(dialog).getByRole("button", { name: "Send result" }));
  expect(await screen.findByText(/Held by Laboratory · Chemistry until a person accepts/)).toBeInTheDocument();
});
