import type { Answer, Args, CommandName } from "../../types.ts";
import type { World } from "../world.ts";

export type Handler<C extends CommandName> = (world: World, args: Args<C>) => Answer<C>;

/** Some of the commands. All parts together must be all of them: `memory/index.ts` says so in its type. */
export type Handlers = { [C in CommandName]?: Handler<C> };
export type AllHandlers = { [C in CommandName]: Handler<C> };
