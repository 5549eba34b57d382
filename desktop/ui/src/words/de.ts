/** Deutsch: was fehlt, merkt der Compiler. */
import { admin } from "./de/admin.ts";
import { card } from "./de/card.ts";
import { care } from "./de/care.ts";
import { compose } from "./de/compose.ts";
import { errors } from "./de/errors.ts";
import { inbox } from "./de/inbox.ts";
import { policy } from "./de/policy.ts";
import { session } from "./de/session.ts";
import { settings } from "./de/settings.ts";
import { shell, units } from "./de/shell.ts";
import { timeline } from "./de/timeline.ts";
import { welcome } from "./de/welcome.ts";
import type { Words } from "./en.ts";

export const de: Words = { admin, card, care, compose, errors, inbox, policy, session, settings, shell, timeline, units, welcome };

