import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { admin, open, type Opened } from "../../test/app.ts";

async function lost(opened: Opened, name: RegExp) {
  await admin(opened, "Devices");
  await opened.user.click(await screen.findByRole("button", { name }));
  await screen.findByRole("heading", { level: 1, name: /is lost/ });
}

test("before a wipe is ordered, it says what would happen to whom", async () => {
  const opened = await open();
  await lost(opened, /Report Desktop, ward office of D. Meyer as lost/);
  const dry = screen.getByRole("region", { name: "What would happen" });
  for (const words of ["12 conversations drop it", "D. Meyer has no other device", "Potassium, serum for Pt gasig-firus moves to Dr L. Brandt", "It happens at once."]) expect(dry).toHaveTextContent(words);
});

test("an order wants a reason", async () => {
  const opened = await open();
  await lost(opened, /Pixel 9 of Dr L. Brandt/);
  await opened.user.click(screen.getByRole("button", { name: "Order it" }));
  expect(screen.getByText("A reason is needed.")).toBeInTheDocument();
});

test("a wipe goes step by step to its certificate, and says what that cannot prove", async () => {
  const opened = await open();
  await lost(opened, /Pixel 9 of Dr L. Brandt/);
  await opened.user.type(screen.getByRole("textbox", { name: "Reason, for the record" }), "left in a taxi");
  await opened.user.click(screen.getByRole("button", { name: "Order it" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Pixel 9 is being wiped" })).toBeInTheDocument();
  expect(screen.getByText(/Until then nobody can say that it is wiped/)).toBeInTheDocument();
  await opened.wind(4500);
  expect(await screen.findByText(/by its wipe channel/)).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Save evidence" })).toBeNull();
  await opened.wind(5000);
  expect(await screen.findByRole("heading", { level: 1, name: "Pixel 9 is wiped, and here is the proof" })).toBeInTheDocument();
  expect(screen.getByText(/It cannot prove that nobody copied the screen/)).toBeInTheDocument();
  expect(screen.getByText("11 of 12 conversations re-keyed")).toBeInTheDocument();
  await opened.user.click(screen.getByRole("button", { name: "Save evidence" }));
  await waitFor(() => expect(document.querySelector("[aria-live=polite]")).toHaveTextContent("Saved as sotto-wipe-4183.txt."));
});

test("where policy wants two, the order becomes a proposal", async () => {
  const opened = await open();
  await lost(opened, /Pixel 9 of Dr P. Novak/);
  expect(screen.getByText("It waits for a second administrator.")).toBeInTheDocument();
  await opened.user.type(screen.getByRole("textbox", { name: "Reason, for the record" }), "stolen");
  await opened.user.click(screen.getByRole("button", { name: "Order it" }));
  expect(await screen.findByRole("heading", { name: "Exclude and wipe Pixel 9 of Dr P. Novak" })).toBeInTheDocument();
});

test("I can agree to another's proposal and not to my own", async () => {
  const opened = await open();
  await admin(opened, "Two administrators");
  const [theirs, mine] = await screen.findAllByRole("listitem").then((items) => items.filter((item) => item.textContent.includes("Open")));
  expect(within(mine as HTMLElement).queryByRole("button", { name: /^Agree/ })).toBeNull();
  expect(mine).toHaveTextContent("Your own: somebody else must agree.");
  expect(theirs).toHaveTextContent("New rule: A device that was seen to be excluded erases itself after 7 days.");
  await opened.user.click(within(theirs as HTMLElement).getByRole("button", { name: /^Agree/ }));
  await waitFor(() => expect(screen.getAllByText("Agreed")).toHaveLength(2));
});

test("the policy is sentences; a change within bounds is told, one that needs two is proposed", async () => {
  const opened = await open();
  await admin(opened, "Policy");
  await opened.user.click(await screen.findByRole("button", { name: "Change: Sotto locks after 5 minutes without use." }));
  let dialog = await screen.findByRole("dialog");
  const value = within(dialog).getByRole("textbox", { name: /New value/ });
  await opened.user.clear(value);
  await opened.user.type(value, "900");
  await opened.user.click(within(dialog).getByRole("button", { name: "Change the rule" }));
  expect(await within(dialog).findByText("That cannot be used.")).toBeInTheDocument();
  await opened.user.clear(value);
  await opened.user.type(value, "3");
  await opened.user.click(within(dialog).getByRole("button", { name: "Change the rule" }));
  expect(await screen.findByText(/Sotto locks after 3 minutes without use/)).toBeInTheDocument();
  await opened.user.click(screen.getByRole("button", { name: /Change: One administrator/ }));
  dialog = await screen.findByRole("dialog");
  expect(within(dialog).getByRole("button", { name: "Propose the change" })).toBeInTheDocument();
});

test("an invitation has a link, a picture and six words", async () => {
  const opened = await open();
  await admin(opened, "Invitations");
  await opened.user.click(screen.getByRole("button", { name: "Invite somebody" }));
  const dialog = await screen.findByRole("dialog");
  await opened.user.type(within(dialog).getByRole("textbox", { name: "Name" }), "K. Testova");
  await opened.user.click(within(dialog).getByRole("button", { name: "Make the invitation" }));
  const made = await screen.findByRole("dialog", { name: "Invitation for K. Testova" });
  expect(await within(made).findByRole("img", { name: "QR code of the invitation for K. Testova" })).toBeInTheDocument();
  expect(made.textContent).toMatch(/sotto:join#/);
  expect(made.querySelector("dd b")?.textContent.split(" ")).toHaveLength(6);
});

test("a device that waits is let in by comparing the code", async () => {
  const opened = await open();
  await admin(opened, "Devices");
  expect(await screen.findByText("418 206")).toBeInTheDocument();
  await opened.user.click(screen.getByRole("button", { name: "The codes are the same: let in" }));
  await waitFor(() => expect(screen.queryByText("418 206")).toBeNull());
});

test("a review is answered person by person, not about oneself", async () => {
  const opened = await open();
  await admin(opened, "Access review");
  await opened.user.click(await screen.findByRole("button", { name: "Dr L. Brandt: roles still needed" }));
  expect(await screen.findByText(/Keeps the roles/, { selector: "tr:nth-child(2) td" })).toBeInTheDocument();
  await opened.user.click(screen.getByRole("button", { name: "Dr N. Silva: roles still needed" }));
  expect(await screen.findByText("This needs a second administrator.")).toBeInTheDocument();
});

test("administration is absent for who may not", async () => {
  await open({ me: "p-meyer" });
  await screen.findByRole("button", { name: "Patients" });
  expect(screen.queryByRole("button", { name: "Admin" })).toBeNull();
});
