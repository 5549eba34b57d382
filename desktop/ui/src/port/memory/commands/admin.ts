import type { CampaignView, InvitationView, Outcome, PolicyView, ProposalView, RuleView } from "../../types.ts";
import { DAY, HOUR, iso, MINUTE } from "../clock.ts";
import { actionsOf, devices, ROLES } from "../people.ts";
import { fail, type World } from "../world.ts";
import type { Handlers } from "./handlers.ts";

export interface Desk {
  seq: number;
  invitations: InvitationView[];
  approvals: { invitation: string; name: string; deviceLabel: string; code: string }[];
  proposals: ProposalView[];
  policy: PolicyView;
  campaign: CampaignView;
}

const desks = new WeakMap<World, Desk>();
const WORDS = ["orbit", "lemon", "canyon", "wisdom", "ticket", "harbor", "velvet", "puzzle", "sunset", "garden"];

const rule = (name: string, kind: RuleView["kind"], value: number[], min: number, max: number, isDefault = true): RuleView => ({
  name, kind, value, isDefault, min, max, needsTwo: ["lease_erase", "wipe_cap", "two_administrators"].includes(name),
});

/** Names and defaults of core/src/roster/kind/policy.rs. */
const RULES: RuleView[] = [
  rule("message_life", "duration", [30 * 86_400], 3600, 400 * 86_400),
  rule("result_life", "duration", [7 * 86_400], 86_400, 400 * 86_400),
  rule("idle_lock", "duration", [300], 30, 3600),
  rule("session_length", "duration", [12 * 3600], 3600, 24 * 3600),
  rule("notification_preview", "switch", [0], 0, 1),
  rule("export", "switch", [0], 0, 1),
  rule("next_device", "choice", [1], 0, 2, false),
  rule("lease_lock", "duration", [72 * 3600], 3600, 30 * 86_400),
  rule("lease_erase", "duration", [14 * 86_400], 86_400, 90 * 86_400),
  rule("escalation_steps", "steps", [600, 1200, 1800], 60, 7200),
  rule("read_back", "choice", [0], 0, 2),
  rule("wipe_cap", "count", [3], 1, 20),
];

export function deskOf(world: World): Desk {
  const known = desks.get(world);
  if (known) return known;
  const now = world.clock.now();
  const desk: Desk = {
    seq: 4182,
    invitations: [
      { id: "i-yilmaz", name: "E. Yılmaz", link: "sotto:join#i-yilmaz", words: "orbit lemon canyon wisdom ticket harbor", expires: iso(now + 6 * DAY), approval: false },
    ],
    approvals: [{ invitation: "i-costa", name: "M. Costa", deviceLabel: "Laboratory bench 2", code: "418 206" }],
    proposals: [
      { seq: 4180, by: "J. Weber", device: "Desktop, administration", act: "change_policy", subject: "lease_erase", object: String(7 * 86_400), reason: "", made: iso(now - 2 * HOUR), expires: iso(now + 70 * HOUR), standing: "open", mayCountersign: true, mine: false },
      { seq: 4176, by: "Dr N. Silva", device: "Desktop, ward office", act: "grant_role", subject: "Dr T. Adeyemi", object: "physician", reason: "", made: iso(now - 9 * HOUR), expires: iso(now + 63 * HOUR), standing: "open", mayCountersign: false, mine: true },
      { seq: 4011, by: "J. Weber", device: "Desktop, administration", act: "let_go", subject: "K. Alvarez", object: "", reason: "", made: iso(now - 4 * DAY), expires: iso(now - DAY), standing: "carried", mayCountersign: false, mine: false },
    ],
    policy: { version: 7, rules: structuredClone(RULES) },
    campaign: {
      name: "2026-Q4", unit: "5W", by: "J. Weber", opened: iso(now - 6 * DAY), due: iso(now + 8 * DAY), over: false, open: 0,
      people: world.people
        .filter((p) => p.unit === "5W" && p.kind === "person")
        .map((p, at) => ({ person: p.id, name: p.name, roles: p.roles, state: at === 3 ? ("kept" as const) : ("open" as const), by: at === 3 ? "J. Weber" : null, second: null, at: at === 3 ? iso(now - 3 * DAY) : null })),
    },
  };
  desk.campaign.open = desk.campaign.people.filter((p) => p.state === "open").length;
  desks.set(world, desk);
  return desk;
}

export function propose(world: World, over: Pick<ProposalView, "act" | "subject" | "object" | "reason">): Outcome {
  const desk = deskOf(world);
  const seq = ++desk.seq;
  desk.proposals.unshift({
    seq, by: world.person()?.name ?? "", device: world.session.device, made: world.now(),
    expires: iso(world.clock.now() + 3 * DAY), standing: "open", mayCountersign: false, mine: true, ...over,
  });
  world.tell({ type: "roster" });
  return { type: "proposed", seq };
}

function invitation(world: World, name: string, approval: boolean, inPerson: boolean): InvitationView {
  if (!world.may("invite")) fail("role.not_allowed");
  if (name.trim() === "") fail("admin.text");
  const words = Array.from({ length: 6 }, () => world.random.pick(WORDS)).join(" ");
  const id = world.random.hex(16);
  const view: InvitationView = {
    id, name, approval, link: `sotto:join#${world.random.hex(24)}`, words: inPerson ? "" : words,
    expires: iso(world.clock.now() + 14 * DAY),
  };
  deskOf(world).invitations.unshift(view);
  world.tell({ type: "roster" });
  return view;
}

/** A square that looks like a QR code; the real one comes from the core. */
function square(world: World): number[][] {
  const size = 25;
  const finder = (r: number, c: number) => {
    const ring = Math.max(Math.abs(r - 3), Math.abs(c - 3));
    return r < 7 && c < 7 ? (ring === 2 ? 0 : 1) : -1;
  };
  return Array.from({ length: size }, (_, r) =>
    Array.from({ length: size }, (_, c) => {
      const corner = Math.max(finder(r, c), finder(r, size - 1 - c), finder(size - 1 - r, c));
      return corner >= 0 ? corner : world.random.below(2);
    }),
  );
}

export const admin: Handlers = {
  people: (world) => world.people,
  devices: (world) => devices(world.me),
  invitations: (world) => deskOf(world).invitations,
  invite: (world, a) => invitation(world, a.request.name || (a.request.owner ?? ""), a.request.approval, a.request.inPerson),
  inviteMany: (world, a) => {
    const lines = a.csv.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
    if (lines.length < 2 || !lines[0]?.toLowerCase().startsWith("name")) fail("admin.invalid");
    return lines.slice(1).map((line) => invitation(world, line.split(/[,;]/)[0] ?? "", false, false));
  },
  invitationQr: (world) => square(world),
  pendingApprovals: (world) => deskOf(world).approvals,
  approve: (world, a) => {
    const desk = deskOf(world);
    desk.approvals = desk.approvals.filter((p) => p.invitation !== a.invitation);
    world.tell({ type: "roster" });
    return null;
  },
  roles: (world) =>
    ROLES.map((name) => ({
      id: name, name, actions: actionsOf(name), privileged: name === "administrator",
      holders: world.people.filter((p) => p.roles.includes(name)).length,
    })),
  policy: (world) => deskOf(world).policy,
  setPolicy: (world, a) => {
    if (!world.may("change_policy")) fail("role.not_allowed");
    const desk = deskOf(world);
    const known = desk.policy.rules.find((r) => r.name === a.name) ?? fail("admin.invalid");
    if (a.value.some((v) => v < known.min || v > known.max)) fail("admin.invalid");
    if (known.needsTwo) return propose(world, { act: "change_policy", subject: a.name, object: a.value.join(), reason: a.reason });
    known.value = a.value;
    known.isDefault = false;
    desk.policy.version += 1;
    world.tell({ type: "roster" });
    return { type: "done", seq: ++desk.seq };
  },
  proposals: (world) => deskOf(world).proposals,
  countersign: (world, a) => {
    const proposal = deskOf(world).proposals.find((p) => p.seq === a.seq);
    if (!proposal || proposal.standing !== "open") return fail("admin.invalid", "never");
    if (proposal.mine) fail("admin.second_needed");
    proposal.standing = "carried";
    proposal.mayCountersign = false;
    world.tell({ type: "roster" });
    return null;
  },
  refuse: (world, a) => {
    const proposal = deskOf(world).proposals.find((p) => p.seq === a.seq);
    if (!proposal || proposal.standing !== "open") return fail("admin.invalid", "never");
    proposal.standing = "refused";
    proposal.mayCountersign = false;
    world.tell({ type: "roster" });
    return null;
  },
  reviews: (world) => [deskOf(world).campaign],
  answerReview: (world, a) => {
    const { campaign } = deskOf(world);
    const review = campaign.people.find((p) => p.person === a.person) ?? fail("person.not_found", "never");
    if (a.person === world.me) fail("admin.second_needed");
    review.state = a.keep ? "kept" : "withdrawn";
    review.by = world.person()?.name ?? "";
    review.at = world.now();
    campaign.open = campaign.people.filter((p) => p.state === "open").length;
    world.tell({ type: "roster" });
    return null;
  },
  securityEvents: (world) => {
    const now = world.clock.now();
    return [
      { sort: "no_right", at: iso(now - 31 * MINUTE), subject: "R. Haddad", conversation: null, count: 2 },
      { sort: "device", at: iso(now - 28 * HOUR), subject: "Pixel 7, Dr T. Adeyemi", conversation: null, count: 1 },
      { sort: "fork", at: iso(now - 28 * HOUR), subject: "", conversation: "Stroke team", count: 1 },
      { sort: "refused", at: iso(now - 50 * HOUR), subject: "", conversation: null, count: 14 },
      { sort: "junk", at: null, subject: "", conversation: null, count: 1 },
    ];
  },
  loopTimes: (world) => {
    const medians = [4.1, 3.8, 5.2, 3.3, 3.9, 2.9, 3.1];
    const now = world.clock.now();
    return {
      days: medians.map((median, at) => ({ day: iso(now - (6 - at) * DAY), median, p90: median * 2.2, results: 9 + ((at * 5) % 7) })),
      withinPolicy: 79,
      total: 83,
    };
  },
};
