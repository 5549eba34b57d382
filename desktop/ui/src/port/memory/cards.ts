/** Result cards as the laboratory wrote them. Flags are the laboratory's; nothing is computed here. */
import type { CardView, ObservationView } from "../types.ts";
import type { Patient } from "./patients.ts";

export function observation(over: Partial<ObservationView> & Pick<ObservationView, "name" | "value">): ObservationView {
  return {
    number: 1,
    unit: "",
    interpretation: [],
    reference: "",
    status: "final",
    critical: false,
    previous: null,
    options: [],
    notes: [],
    ...over,
  };
}

export function card(patient: Patient, over: Partial<CardView> & Pick<CardView, "title" | "observations">): CardView {
  return {
    status: "final",
    version: 1,
    currentVersion: 1,
    disputed: false,
    digest: "3f9a".repeat(16),
    critical: over.observations.some((o) => o.critical),
    test: false,
    blanked: null,
    patient: patient.mark.token,
    token: patient.mark.token,
    birthDate: null,
    identifiers: [],
    unmasked: false,
    collected: null,
    issued: null,
    orderer: "Dr N. Silva",
    unit: patient.mark.unit,
    acknowledgedBy: [],
    ...over,
    observations: over.observations.map((o, at) => ({ ...o, number: at + 1 })),
  };
}

export const potassium = (): ObservationView[] => [
  observation({
    name: "Potassium, serum",
    value: "6.8",
    unit: "mmol/L",
    interpretation: ["HH"],
    reference: "3.5 – 5.1",
    critical: true,
    notes: ["Not haemolysed. Repeated from a fresh draw."],
  }),
  observation({ name: "Sodium, serum", value: "137", unit: "mmol/L", reference: "135 – 145" }),
  observation({ name: "Creatinine, serum", value: "212", unit: "µmol/L", interpretation: ["H"], reference: "45 – 84" }),
];

export const troponin = (): ObservationView[] => [
  observation({
    name: "Troponin T, high-sensitive",
    value: "812",
    unit: "ng/L",
    interpretation: ["HH"],
    reference: "< 14",
    critical: true,
  }),
];

export const haemoglobinCorrected = (): ObservationView[] => [
  observation({
    name: "Haemoglobin",
    value: "11.7",
    unit: "g/dL",
    reference: "12.0 – 15.5",
    interpretation: ["L"],
    status: "corrected",
    previous: "7.1 g/dL",
    critical: true,
    notes: ["The first sample was diluted."],
  }),
  observation({ name: "Platelets", value: "241", unit: "10⁹/L", reference: "150 – 400" }),
];

export const gramStain = (): ObservationView[] => [
  observation({
    name: "Blood culture, Gram stain",
    value: "Gram-positive cocci in clusters",
    interpretation: ["AA"],
    critical: true,
    options: [
      "Gram-negative rods",
      "Gram-positive cocci in clusters",
      "Gram-positive cocci in chains",
      "Yeast",
    ],
  }),
];

export const glucose = (): ObservationView[] => [
  observation({
    name: "Glucose, capillary",
    value: "2.1",
    unit: "mmol/L",
    interpretation: ["LL"],
    reference: "3.9 – 7.8",
    critical: true,
  }),
];
