import { screen, waitFor } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { LINK, WORDS } from "../../port/memory/commands/device.ts";
import { open } from "../../test/app.ts";

async function toKeys(words: string) {
  const opened = await open({ scene: "fresh", approval: 30 });
  await opened.user.click(screen.getByRole("button", { name: /I have an invitation/ }));
  await opened.user.type(screen.getByLabelText("Link"), `${LINK}{Enter}`);
  await opened.user.type(await screen.findByLabelText("Six words"), words);
  await opened.user.click(screen.getByRole("button", { name: "Continue" }));
  await opened.user.type(await screen.findByLabelText("What this device is called"), "Desktop");
  await opened.user.type(screen.getByLabelText("Passphrase"), "four plain words here");
  await opened.user.type(screen.getByLabelText("Once more"), "four plain words here");
  return opened;
}

test("join by link and six words, compare the code, and be in", async () => {
  const { user } = await toKeys(WORDS.toUpperCase());
  await user.click(screen.getByRole("button", { name: "Join" }));
  expect(await screen.findByLabelText("Code 418 206")).toBeInTheDocument();
  expect(await screen.findByRole("navigation", { name: "Sections" })).toBeInTheDocument();
});

test("wrong words lead back to the words, with what to do", async () => {
  const { user } = await toKeys("orbit lemon canyon wisdom ticket garden");
  await user.click(screen.getByRole("button", { name: "Join" }));
  expect(await screen.findByText("The six words do not fit this invitation.")).toBeInTheDocument();
  expect(screen.getByLabelText("Six words")).toHaveValue("orbit lemon canyon wisdom ticket garden");
});

test("two passphrases that differ are not taken", async () => {
  const { user } = await toKeys(WORDS);
  await user.type(screen.getByLabelText("Once more"), "x");
  expect(screen.getByText("The two are not the same.")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Join" })).toBeDisabled();
});

test("something that is no link is said to be none", async () => {
  const { user } = await open({ scene: "fresh" });
  await user.click(screen.getByRole("button", { name: /I have an invitation/ }));
  await user.type(screen.getByLabelText("Link"), "https://evil.test{Enter}");
  expect(await screen.findByText("This is not an invitation link.")).toBeInTheDocument();
});

test("a picture of the code is as good as the link", async () => {
  const { user } = await open({ scene: "fresh" });
  await user.click(screen.getByRole("button", { name: /I have an invitation/ }));
  await user.upload(document.querySelector("input[type=file]") as HTMLInputElement, new File(["x"], "qr.png", { type: "image/png" }));
  expect(await screen.findByLabelText("Six words")).toBeInTheDocument();
});

test("found an organisation", async () => {
  const { user } = await open({ scene: "fresh" });
  await user.click(screen.getByRole("button", { name: /Found an organisation/ }));
  for (const field of ["Name of the organisation", "Address of the relay", "Registration token", "Your name", "What this device is called", "Passphrase", "Passphrase of the root file"]) {
    await user.type(screen.getByLabelText(field), "something");
  }
  await user.click(screen.getByRole("button", { name: "Found" }));
  await waitFor(() => expect(screen.getByRole("navigation", { name: "Sections" })).toBeInTheDocument());
});
