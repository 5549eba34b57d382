/** Synthetic patients: names from a list, numbers from a seed. The clear values stay in the box until asked for with a purpose. */
import type { PatientMarkView } from "../types.ts";
import { Seeded, token } from "./random.ts";

export interface Patient {
  mark: PatientMarkView;
  name: string;
  birthDate: string;
  mrn: string;
  /** People whose work it is: no question is asked. */
  team: string[];
}

const NAMES = [
  "Testpatient, Marta", "Testpatient, Konrad", "Testpatient, Aylin", "Testpatient, Jonas", "Testpatient, Ifeoma",
  "Testpatient, Lucia", "Testpatient, Henrik", "Testpatient, Sana", "Testpatient, Paul", "Testpatient, Wanda",
  "Testpatient, Elif", "Testpatient, Bruno",
];

const UNITS = ["5W", "5W", "5W", "Cardiology", "5W", "Intensive care", "5W", "Surgery", "5W", "Cardiology", "Neurology", "5W"];

export function patients(): Patient[] {
  const random = new Seeded(4821);
  return NAMES.map((name, at) => {
    const mrn = String(10_004_821 + at * 137_911);
    const mine = UNITS[at] === "5W";
    return {
      mark: {
        token: token(random),
        unit: UNITS[at] ?? "5W",
        bed: `${1 + random.below(14)}${random.pick(["A", "B"])}`,
        digits: mrn.slice(-4),
      },
      name,
      birthDate: `${1936 + random.below(60)}-${String(1 + random.below(12)).padStart(2, "0")}-${String(1 + random.below(28)).padStart(2, "0")}`,
      mrn,
      team: mine ? ["p-silva", "p-brandt", "p-meyer", "p-rossi"] : ["p-novak", "p-lindqvist"],
    };
  });
}

/** The right date among others that belong to nobody. */
export function birthDateOptions(right: string): string[] {
  const [year = "1950", month = "01", day = "01"] = right.split("-");
  const other = (y: number, m: number, d: number) =>
    `${Number(year) + y}-${String(((Number(month) + m + 11) % 12) + 1).padStart(2, "0")}-${String(((Number(day) + d + 27) % 28) + 1).padStart(2, "0")}`;
  return [other(3, -4, 12), right, other(0, -1, 0)].sort();
}
