import { screen, waitFor } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { admin, open, openRow } from "../../test/app.ts";

test("a wrong passphrase says so, in words, and asks again", async () => {
  const { user } = await open({ scene: "locked" });
  await user.type(screen.getByLabelText("Passphrase"), "wrong{Enter}");
  expect((await screen.findByText("That is not it.")).closest("[role=alert]")).not.toBeNull();
  expect(screen.getByLabelText("Passphrase")).toHaveValue("");
});

test("the passphrase opens the inbox, by keyboard alone", async () => {
  const { user } = await open({ scene: "locked" });
  expect(screen.getByLabelText("Passphrase")).toHaveFocus();
  await user.keyboard("correct horse{Enter}");
  expect(await screen.findByRole("navigation", { name: "Sections" })).toBeInTheDocument();
});

test("a lock leaves nothing of the session in the document", async () => {
  const opened = await open();
  await openRow(opened, /Potassium/);
  await opened.user.type(await screen.findByRole("textbox", { name: "Message" }), "my draft");
  await opened.user.keyboard("{Control>}l{/Control}");
  await screen.findByRole("heading", { name: "Locked" });
  const left = document.documentElement.outerHTML + document.title;
  for (const gone of ["Potassium", "Haddad", "my draft", "gasig", "Silva", "Critical"]) expect(left).not.toContain(gone);
});

test("a draft does not outlive a lock", async () => {
  const opened = await open();
  await openRow(opened, /Ward 5 night/);
  await opened.user.type(await screen.findByRole("textbox", { name: "Message" }), "half a thought");
  await opened.user.keyboard("{Control>}l{/Control}");
  await opened.user.type(await screen.findByLabelText("Passphrase"), "correct horse{Enter}");
  await screen.findByRole("navigation", { name: "Sections" });
  await openRow(opened, /Ward 5 night/);
  expect(await screen.findByRole("textbox", { name: "Message" })).toHaveValue("");
});

test("five minutes without a touch lock it", async () => {
  const { wind } = await open();
  await screen.findByRole("navigation", { name: "Sections" });
  await wind(299_000);
  expect(screen.queryByRole("heading", { name: "Locked" })).toBeNull();
  await wind(2000);
  expect(await screen.findByRole("heading", { name: "Locked" })).toBeInTheDocument();
});

test("a shared station passes to the next person, and nothing of the first stays", async () => {
  const opened = await open({ scene: "station" });
  const { user } = opened;
  await user.click(screen.getByLabelText("Dr N. Silva"));
  await user.type(screen.getByLabelText("PIN"), "2580{Enter}");
  await admin(opened, "Devices");
  const before = performance.now();
  await user.click(screen.getByRole("button", { name: "Switch person" }));
  await user.click(screen.getByLabelText("D. Meyer"));
  await user.type(screen.getByLabelText("PIN"), "2580{Enter}");
  await waitFor(() => expect(screen.queryByRole("button", { name: "Admin" })).toBeNull());
  // The nurse's rows are read again, the physician's administration is gone.
  expect(performance.now() - before).toBeLessThan(2000);
  expect(document.body.textContent).not.toContain("Safety code");
});

test("wiped while open: one calm last screen with the certificate", async () => {
  const { port } = await open();
  await screen.findByRole("navigation", { name: "Sections" });
  port.world.setSession({ state: "wiped", certificate: { digest: "9b1e".repeat(16), ended: port.world.now(), reported: true } });
  expect(await screen.findByRole("heading", { name: "This device has been wiped" })).toBeInTheDocument();
  expect(document.body.textContent).not.toContain("Potassium");
});
