import { plural } from "../plural.ts";

/** Regeln in Worten: `value` ist schon ausgeschrieben. */
export const policy = {
  intro: (version: string) => `Version ${version}. Jedes Gerät befolgt sie, wer immer das Relay betreibt.`,
  rules: {
    message_life: (v: string) => `Nachrichten verschwinden nach ${v}.`,
    result_life: (v: string) => `Befunde verschwinden nach ${v}, nie solange sie offen sind.`,
    idle_lock: (v: string) => `Sotto sperrt nach ${v} ohne Benutzung.`,
    session_length: (v: string) => `Sotto sperrt spätestens nach ${v}.`,
    notification_preview: (v: string) => `Mitteilungen zeigen Inhalt: ${v}.`,
    export: (v: string) => `Mitglieder dürfen Unterhaltungen exportieren: ${v}.`,
    next_device: (v: string) => `Das nächste Gerät einer Person: ${v}.`,
    lease_lock: (v: string) => `Ein Gerät sperrt nach ${v} ohne frisches Wort des Rosters.`,
    lease_erase: (v: string) => `Ein Gerät, das sich ausgeschlossen sieht, löscht sich nach ${v}.`,
    escalation_steps: (v: string) => `Ein unbeantworteter kritischer Befund geht weiter nach ${v}.`,
    read_back: (v: string) => `Ein kritischer Wert wird zurückgelesen: ${v}.`,
    wipe_cap: (v: string) => `Eine Verwaltungsperson darf allein ${v} Löschungen am Tag anordnen.`,
  } as Record<string, (value: string) => string>,
  choices: {
    next_device: ["sofort", "nach Zulassung", "nur durch die Verwaltung"],
    read_back: ["getippt", "gewählt", "bestätigt"],
  } as Record<string, string[]>,
  yes: "ja",
  no: "nein",
  days: (n: number) => plural("de", n, "# Tag", "# Tagen"),
  hours: (n: number) => plural("de", n, "# Stunde", "# Stunden"),
  minutes: (n: number) => plural("de", n, "# Minute", "# Minuten"),
  units: { days: "Tage", hours: "Stunden", minutes: "Minuten" },
  change: "Ändern …",
  changeLabel: (rule: string) => `Ändern: ${rule}`,
  changeTitle: "Eine Regel ändern",
  value: "Neuer Wert",
  isDefault: "Vorgabe",
  bounds: (min: string, max: string) => `Von ${min} bis ${max}`,
  apply: "Regel ändern",
  propose: "Änderung vorschlagen",
  done: "Geändert. Jedes Gerät erfährt davon.",
};
