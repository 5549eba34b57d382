import { mount } from "svelte";

import App from "./App.svelte";
import type { Port } from "./port/port.ts";
import "./styles/tokens.css";
import "./styles/base.css";

/** In the desktop shell the real core; in a plain browser the hospital in a box, with its scene from the address. */
async function port(): Promise<Port> {
  if ("__TAURI_INTERNALS__" in window) return (await import("./port/tauri/index.ts")).tauriPort();
  return (await import("./port/memory/browser.ts")).browserPort(new URLSearchParams(location.search));
}

const target = document.getElementById("app");
if (target) mount(App, { target, props: { port: await port() } });
