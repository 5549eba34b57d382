import { plural } from "../plural.ts";

/** Rules in words: `value` is already written out. */
export const policy = {
  intro: (version: string) => `Version ${version}. Every device obeys it, whoever runs the relay.`,
  rules: {
    message_life: (v: string) => `Messages disappear after ${v}.`,
    result_life: (v: string) => `Results disappear after ${v}, never while they are open.`,
    idle_lock: (v: string) => `Sotto locks after ${v} without use.`,
    session_length: (v: string) => `Sotto locks at the latest after ${v}.`,
    notification_preview: (v: string) => `Notices show content: ${v}.`,
    export: (v: string) => `Members may export conversations: ${v}.`,
    next_device: (v: string) => `A person's next device: ${v}.`,
    lease_lock: (v: string) => `A device locks after ${v} without fresh word of the roster.`,
    lease_erase: (v: string) => `A device that was seen to be excluded erases itself after ${v}.`,
    escalation_steps: (v: string) => `An unanswered critical result moves on after ${v}.`,
    read_back: (v: string) => `A critical value is read back: ${v}.`,
    wipe_cap: (v: string) => `One administrator may order ${v} wipes alone per day.`,
  } as Record<string, (value: string) => string>,
  choices: {
    next_device: ["at once", "after approval", "by an administrator only"],
    read_back: ["typed", "chosen", "confirmed"],
  } as Record<string, string[]>,
  yes: "yes",
  no: "no",
  days: (n: number) => plural("en", n, "# day", "# days"),
  hours: (n: number) => plural("en", n, "# hour", "# hours"),
  minutes: (n: number) => plural("en", n, "# minute", "# minutes"),
  units: { days: "days", hours: "hours", minutes: "minutes" },
  change: "Change…",
  changeLabel: (rule: string) => `Change: ${rule}`,
  changeTitle: "Change a rule",
  value: "New value",
  isDefault: "default",
  bounds: (min: string, max: string) => `From ${min} to ${max}`,
  apply: "Change the rule",
  propose: "Propose the change",
  done: "Changed. Every device hears of it.",
};
