import type { IconName } from "../../components/Icon.svelte";
import type { App } from "../../state/app.svelte.ts";
import type { Screen } from "../../state/route.svelte.ts";

/** The sections this person has on this build. What is not possible is absent. */
export function sections(app: App): { id: Screen; icon: IconName }[] {
  const { rights } = app;
  const admin = [rights.may("manage_people"), rights.may("invite"), rights.may("wipe_device")].some(Boolean);
  const patient = [rights.may("view_result")].some(Boolean);
  const all: { id: Screen; icon: IconName; there: boolean }[] = [
    { id: "inbox", icon: "inbox", there: true },
    { id: "onCall", icon: "onCall", there: app.can("on_call") },
    { id: "patients", icon: "patients", there: app.can("patients") && patient },
    { id: "admin", icon: "admin", there: app.can("admin") && admin },
    { id: "settings", icon: "settings", there: true },
  ];
  return all.filter((section) => section.there);
}
