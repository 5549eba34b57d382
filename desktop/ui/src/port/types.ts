/**
 * Every shape that crosses the port, under one name. `facade` mirrors core/src/client/{view,event,request}.rs as it is;
 * the others are what the core's façade grows next. To be replaced by types generated from Rust: nothing else in
 * this front end may declare what the core says.
 */
export * from "./types/facade.ts";
export * from "./types/loop.ts";
export * from "./types/session.ts";
export * from "./types/compose.ts";
export * from "./types/care.ts";
export * from "./types/admin.ts";
export * from "./types/errors.ts";
export * from "./types/commands.ts";
