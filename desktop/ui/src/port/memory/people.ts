/** Who works in the synthetic hospital. Nobody here exists. */
import type { Action, DeviceView, HolderView, PersonView } from "../types.ts";

export const ORGANISATION = "St. Example Hospital";

type Seed = [id: string, name: string, unit: string, roles: string[], devices: number, kind?: "place" | undefined, state?: PersonView["state"]];

const SEEDS: Seed[] = [
  ["p-silva", "Dr N. Silva", "5W", ["physician", "administrator"], 2],
  ["p-haddad", "R. Haddad", "Laboratory", ["laboratory"], 1],
  ["p-brandt", "Dr L. Brandt", "5W", ["physician"], 3],
  ["p-meyer", "D. Meyer", "5W", ["nurse"], 1],
  ["p-okafor", "A. Okafor", "Pharmacy", ["pharmacist"], 1],
  ["p-weber", "J. Weber", "Administration", ["administrator"], 1],
  ["p-lindqvist", "Dr S. Lindqvist", "Cardiology", ["physician"], 2],
  ["p-tanaka", "Dr Y. Tanaka", "Radiology", ["physician"], 1],
  ["p-rossi", "G. Rossi", "5W", ["nurse"], 1],
  ["p-novak", "Dr P. Novak", "Intensive care", ["physician"], 2],
  ["p-costa", "M. Costa", "Laboratory", ["laboratory"], 1],
  ["p-yilmaz", "E. Yılmaz", "5W", ["nurse"], 0, undefined, "invited"],
  ["p-adeyemi", "Dr T. Adeyemi", "Cardiology", ["physician"], 0, undefined, "suspended"],
  ["d-chem", "Laboratory · Chemistry", "Laboratory", ["laboratory"], 2, "place"],
  ["d-haem", "Laboratory · Haematology", "Laboratory", ["laboratory"], 1, "place"],
  ["d-ward5", "Ward 5 station", "5W", ["nurse"], 1, "place"],
  ["d-switch", "Switchboard", "Administration", ["desk"], 2, "place"],
];

export function people(me: string): PersonView[] {
  return SEEDS.map(([id, name, unit, roles, devices, kind, state], at) => ({
    id,
    name,
    unit,
    roles,
    devices,
    kind: kind ?? "person",
    state: state ?? "active",
    externalIds: kind ? [] : [["urn:staff", String(40_100 + at)]],
    me: id === me,
  }));
}

export function holder(id: string): HolderView {
  const seed = SEEDS.find(([known]) => known === id);
  const duty = DUTIES.find((known) => known.id === id);
  if (duty) return { id, name: duty.name, kind: "duty" };
  return { id, name: seed?.[1] ?? id, kind: seed?.[5] ?? "person" };
}

export const DUTIES: { id: string; name: string; unit: string; holder: string | null; next: string; backup: string }[] = [
  { id: "o-med5", name: "Medicine on call, 5W", unit: "5W", holder: "p-silva", next: "p-brandt", backup: "p-brandt" },
  { id: "o-cardio", name: "Cardiology on call", unit: "Cardiology", holder: "p-lindqvist", next: "p-adeyemi", backup: "p-novak" },
  { id: "o-icu", name: "Intensive care consult", unit: "Intensive care", holder: "p-novak", next: "p-brandt", backup: "p-silva" },
  { id: "o-neuro", name: "Neurology on call", unit: "Neurology", holder: null, next: "p-novak", backup: "p-novak" },
];

const ACTS: Record<string, Action[]> = {
  physician: [
    "send_message", "start_conversation", "acknowledge", "acknowledge_critical", "view_result", "unmask", "take_over", "hold_duty",
  ],
  nurse: ["send_message", "start_conversation", "acknowledge", "acknowledge_critical", "view_result", "unmask", "hold_duty"],
  laboratory: ["send_message", "start_conversation", "send_result", "mark_critical", "view_result"],
  pharmacist: ["send_message", "start_conversation", "view_result"],
  desk: ["send_message", "acknowledge"],
  administrator: [
    "invite", "approve_device", "manage_people", "revoke_device", "wipe_device", "grant_role", "define_role",
    "change_policy", "review_access", "schedule_duty", "send_message",
  ],
};

/** What somebody's roles permit. The real rule is `roster::authorize`; this is its shadow for the box. */
export function permits(person: PersonView, action: Action): boolean {
  return person.roles.some((role) => ACTS[role]?.includes(action));
}

export const ROLES = Object.keys(ACTS);
export const actionsOf = (role: string): Action[] => ACTS[role] ?? [];

const LABELS = ["Desktop, ward office", "Pixel 9", "Tablet"];

export function devices(me: string): DeviceView[] {
  const out: DeviceView[] = [];
  for (const person of people(me)) {
    for (let at = 0; at < person.devices; at++) {
      out.push({
        id: `${person.id}-${at}`,
        label: person.kind === "place" ? `Station ${at + 1}` : (LABELS[at] ?? "Device"),
        owner: person.id,
        ownerName: person.name,
        state: "confirmed",
        safetyCode: Array.from({ length: 6 }, (_, i) => String(10_000 + ((person.name.length * 7919 + at * 104_729 + i * 31_337) % 90_000))).join(" "),
        this: person.id === me && at === 0,
      });
    }
  }
  return out;
}
