/** English. The shape of this catalogue is the shape of all. */
import { admin } from "./en/admin.ts";
import { card } from "./en/card.ts";
import { care } from "./en/care.ts";
import { compose } from "./en/compose.ts";
import { errors } from "./en/errors.ts";
import { inbox } from "./en/inbox.ts";
import { policy } from "./en/policy.ts";
import { session } from "./en/session.ts";
import { settings } from "./en/settings.ts";
import { shell, units } from "./en/shell.ts";
import { timeline } from "./en/timeline.ts";
import { welcome } from "./en/welcome.ts";

export const en = { admin, card, care, compose, errors, inbox, policy, session, settings, shell, timeline, units, welcome };

export type Words = typeof en;
