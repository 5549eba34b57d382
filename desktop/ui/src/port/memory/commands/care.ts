import type { DutyView, HandoffView, ShiftView } from "../../types.ts";
import { HOUR, iso } from "../clock.ts";
import { DUTIES, holder } from "../people.ts";
import type { Patient } from "../patients.ts";
import { fail, type World } from "../world.ts";
import type { Handlers } from "./handlers.ts";

const given = new WeakMap<World, Map<string, { to: string; taken: boolean }>>();

function about(world: World, patient: Patient) {
  return [...world.conversations.values()].filter((c) => c.patient === patient);
}

function open(world: World, patient: Patient) {
  return [...world.loops.values()].filter((l) => l.state === "open" && world.cardPatient.get(l.message) === patient);
}

function find(world: World, token: string): Patient {
  return world.patients.find((p) => p.mark.token === token) ?? fail("message.not_found", "never");
}

function duty(world: World, id: string): DutyView {
  const known = DUTIES.find((d) => d.id === id) ?? fail("duty.unstaffed");
  const now = world.clock.now();
  return {
    id: known.id,
    name: known.name,
    unit: known.unit,
    holder: known.holder ? holder(known.holder) : null,
    until: iso(now + (known.holder ? 3.5 * HOUR : 3 * HOUR)),
    next: holder(known.next),
    backup: holder(known.backup),
    mine: known.holder === world.me,
    open: known.holder === world.me ? [...world.loops.values()].filter((l) => l.addressed === "duty" && l.state === "open").length : 0,
  };
}

function handoff(world: World, id: string): HandoffView {
  const view = duty(world, id);
  const passed = given.get(world)?.get(id);
  const line = (at: number, severity: "stable" | "watch" | "unstable", summary: string, actions: string[], ifThen: string, count: number) => {
    const patient = world.patients[at];
    return patient ? [{ id: patient.mark.token, patient: patient.mark, severity, summary, actions, ifThen, open: count }] : [];
  };
  return {
    duty: id,
    dutyName: view.name,
    from: view.holder ?? holder("p-silva"),
    to: passed ? holder(passed.to) : null,
    at: view.until ?? world.now(),
    state: passed ? (passed.taken ? "taken" : "given") : "open",
    items: [
      ...line(0, "unstable", "Acute on chronic kidney injury, potassium rising.", ["ECG now", "Repeat potassium at 05:00"], "Above 6.5 or ECG change: calcium, insulin and glucose, call intensive care.", 1),
      ...line(4, "watch", "Recurrent low glucose on sulfonylurea.", ["Glucose hourly until 06:00"], "Below 3: 20 % glucose, call the duty.", 0),
      ...line(1, "stable", "Haemoglobin corrected to 11.7, no transfusion.", [], "Melaena: call the duty.", 1),
    ],
  };
}

export const care: Handlers = {
  patients: (world, a) => {
    const query = a.query.trim().toLowerCase();
    return world.patients
      .filter((p) => `${p.mark.token} ${p.mark.unit} ${p.mark.bed} ${p.mark.digits}`.toLowerCase().includes(query))
      .map((p) => ({
        ...p.mark,
        open: open(world, p).length,
        conversations: about(world, p).length,
        updated: about(world, p)[0]?.view.updated ?? iso(world.clock.now() - 50 * HOUR),
        mine: p.team.includes(world.me),
      }))
      .sort((a, b) => b.open - a.open);
  },
  patient: (world, a) => {
    const patient = find(world, a.token);
    if (a.unmask) world.mayUnmask(patient, a.unmask);
    return {
      mark: patient.mark,
      unmasked: a.unmask !== null,
      name: a.unmask ? patient.name : null,
      birthDate: a.unmask ? patient.birthDate : null,
      identifiers: a.unmask ? [["St. Example", patient.mrn]] : [],
      conversations: about(world, patient).map((c) => c.view),
      open: open(world, patient).map((l) => world.locate(l.message).message),
      mine: patient.team.includes(world.me),
    };
  },
  duties: (world) => DUTIES.map((d) => duty(world, d.id)),
  shifts: (_world, a) => {
    const start = Date.parse(a.from);
    const turns = ["p-silva", "p-brandt", "p-novak", "p-lindqvist"];
    const out: ShiftView[] = [];
    for (const [row, known] of DUTIES.entries()) {
      for (let shift = 0; shift < a.days * 2; shift++) {
        const gap = (row === 3 && shift === 0) || (row === 1 && shift === 5);
        const who = shift === 0 ? known.holder : turns[(row + shift) % turns.length];
        out.push({
          id: `${known.id}.${shift}`,
          duty: known.id,
          from: iso(start + shift * 12 * HOUR),
          to: iso(start + (shift + 1) * 12 * HOUR),
          holder: gap || !who ? null : holder(who),
          mine: !gap && who === _world.me,
        });
      }
    }
    return out;
  },
  handoff: (world, a) => handoff(world, a.duty),
  giveHandoff: (world, a) => {
    if (!world.may("hold_duty")) fail("role.not_allowed");
    const known = given.get(world) ?? new Map<string, { to: string; taken: boolean }>();
    known.set(a.duty, { to: a.to, taken: false });
    given.set(world, known);
    world.tell({ type: "duties" });
    return null;
  },
  takeHandoff: (world, a) => {
    const known = given.get(world)?.get(a.duty);
    if (!known) return fail("duty.unstaffed");
    known.taken = true;
    world.tell({ type: "duties" });
    return null;
  },
};

