/** A rule of the policy in words; the numbers come from the core, the units are the reader's. */
import type { RuleView } from "../../port/types.ts";
import { bytes, count, list } from "../../words/format.ts";
import { t } from "../../words/language.svelte.ts";

const UNITS = [
  [86_400, "days"],
  [3600, "hours"],
  [60, "minutes"],
] as const;

function duration(seconds: number): string {
  const [size, unit] = UNITS.find(([length]) => seconds >= length && seconds % length === 0) ?? [60, "minutes"];
  return t.policy[unit](Math.round((seconds / size) * 10) / 10);
}

export function valueWords(rule: Pick<RuleView, "name" | "kind">, value: number[]): string {
  const first = value[0] ?? 0;
  switch (rule.kind) {
    case "duration": return duration(first);
    case "steps": return list(value.map(duration));
    case "switch": return first === 1 ? t.policy.yes : t.policy.no;
    case "choice": return t.policy.choices[rule.name]?.[first] ?? count(first);
    case "bytes": return bytes(first);
    case "count":
    case "words": return count(first);
  }
}

export function ruleWords(rule: RuleView): string {
  return t.policy.rules[rule.name]?.(valueWords(rule, rule.value)) ?? rule.name;
}

/** The rule as it would be; its name where it is not known. */
export function proposedWords(rules: RuleView[], name: string, value: string): string {
  const rule = rules.find((known) => known.name === name);
  return rule ? ruleWords({ ...rule, value: value.split(",").map(Number) }) : name;
}

/** In which unit a number is edited, and how many of the core's it is. */
export function editUnit(rule: RuleView): { size: number; label: string } {
  if (rule.kind !== "duration" && rule.kind !== "steps") return { size: 1, label: "" };
  const unit = UNITS.find(([length]) => rule.value.every((v) => v % length === 0) && rule.min % length === 0) ?? UNITS[2];
  return { size: unit[0], label: t.policy.units[unit[1]] };
}
