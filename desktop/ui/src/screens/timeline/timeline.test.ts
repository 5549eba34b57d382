import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { open, openRow } from "../../test/app.ts";

const articles = () => screen.getAllByRole("article");
const article = (says: RegExp) => articles().find((one) => says.test(one.textContent)) as HTMLElement;

test("a conversation of 100,000 messages keeps a few in the document, wherever one reads", async () => {
  const opened = await open({ past: 100_000 });
  await openRow(opened, /Ward 5 night/);
  const feed = screen.getByRole("feed");
  expect(articles().length).toBeLessThan(60);
  for (let turn = 0; turn < 12; turn++) {
    await fireEvent.scroll(feed, { target: { scrollTop: 0 } });
    await new Promise((done) => setTimeout(done, 5));
  }
  expect(articles().length).toBeLessThan(60);
  expect(document.querySelectorAll("*").length).toBeLessThan(4000);
});

test("arrow and page keys move between messages, the row stays the only stop of Tab", async () => {
  const opened = await open();
  await openRow(opened, /Cardiology on call/);
  const last = articles().at(-1) as HTMLElement;
  last.focus();
  await opened.user.keyboard("{ArrowUp}");
  await waitFor(() => expect(document.activeElement).toBe(articles().at(-2)));
  await opened.user.keyboard("{Home}");
  await waitFor(() => expect(document.activeElement).toBe(articles()[0]));
  expect(articles().filter((one) => one.tabIndex === 0)).toHaveLength(1);
});

test("a reply shows what it answers, a reaction who felt it", async () => {
  const opened = await open();
  await openRow(opened, /Cardiology on call/);
  const reply = article(/Doing that now/);
  expect(within(reply).getByText("Reply to Dr S. Lindqvist")).toBeInTheDocument();
  expect(within(reply).getByRole("button", { name: "👍 1 · Dr S. Lindqvist" })).toBeInTheDocument();
});

test("edited and taken back are said", async () => {
  const opened = await open();
  await openRow(opened, /Ward 5 night/);
  expect(article(/declined melatonin/)).toHaveTextContent("edited");
  expect(article(/Taken back by its sender/)).toBeInTheDocument();
});

test("what happened stands between the messages", async () => {
  const opened = await open();
  await openRow(opened, /Stroke team/);
  expect(screen.getByText(/Pixel 7 of Dr T. Adeyemi was wiped and removed/)).toBeInTheDocument();
});

test("who has it is one click away, as signed, with a dash for what has not happened", async () => {
  const opened = await open();
  await openRow(opened, /Cardiology on call/);
  await opened.user.click(within(article(/Doing that now/)).getByRole("button", { name: /seen by Dr S. Lindqvist/ }));
  const table = within(await screen.findByRole("dialog")).getByRole("table");
  expect(within(table).getByRole("rowheader", { name: "Dr S. Lindqvist" })).toBeInTheDocument();
  expect(within(table).getAllByRole("cell")[0]).toHaveTextContent(/✓ 03:1\d:\d\d/);
});

test("I take back what I wrote; others' messages cannot be", async () => {
  const opened = await open();
  await openRow(opened, /Cardiology on call/);
  expect(within(article(/SVT with aberrancy/)).queryByRole("button", { name: "Take back" })).toBeNull();
  await opened.user.click(within(article(/Doing that now/)).getByRole("button", { name: "Take back" }));
  await opened.user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Take back" }));
  await waitFor(() => expect(document.body.textContent).not.toContain("Doing that now."));
});

test("hostile text is text", async () => {
  const opened = await open();
  await openRow(opened, /A. Okafor/);
  const { world } = opened.port;
  const conversation = world.conversation("c-pharm");
  const message = conversation.tail[0];
  if (!message) throw new Error("no message");
  world.append(conversation, { ...message, id: world.newId(), text: `<img src=x onerror="document.title='owned'"> ![p](https://evil.test/p.png) \u202Etxt ${"A".repeat(1_000_000)}`, mine: false });
  await screen.findByText(/onerror/);
  expect(document.querySelector("feed img, [role=article] img")).toBeNull();
  expect(document.body.textContent.length).toBeLessThan(20_000);
  expect(screen.getByRole("button", { name: "Show all" })).toBeInTheDocument();
});

test("a picture is previewed from bytes, never from an address", async () => {
  URL.createObjectURL = () => "blob:here";
  URL.revokeObjectURL = () => undefined;
  const opened = await open();
  await openRow(opened, /Cardiology on call/);
  await opened.user.click(screen.getByRole("button", { name: "Preview: ECG 02-41.png" }));
  expect(within(await screen.findByRole("dialog")).getByRole("img", { name: "ECG 02-41.png" })).toHaveAttribute("src", "blob:here");
});
