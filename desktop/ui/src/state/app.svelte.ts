/** What the window knows, in one place: the port, who is here, and the small stores that follow the core's events. */
import { getContext, setContext } from "svelte";

import { errorOf, type Port } from "../port/port.ts";
import type { Capability, ConnectionView, ErrorView, Event, Preferences, SessionView } from "../port/types.ts";
import { language } from "../words/language.svelte.ts";
import { Clock } from "./clock.svelte.ts";
import { Drafts } from "./drafts.svelte.ts";
import { Inbox } from "./inbox.svelte.ts";
import { Loops } from "./loops.svelte.ts";
import { Rights } from "./rights.svelte.ts";
import { Route } from "./route.svelte.ts";
import { Timeline } from "./timeline.svelte.ts";
import { Voice } from "./voice.svelte.ts";

export class App {
  readonly port: Port;
  readonly clock: Clock;
  readonly inbox: Inbox;
  readonly loops = new Loops();
  readonly rights: Rights;
  readonly route = new Route();
  readonly voice = new Voice();
  readonly drafts = new Drafts();

  session = $state.raw<SessionView | null>(null);
  connection = $state.raw<ConnectionView | null>(null);
  preferences = $state.raw<Preferences>({ language: "system", theme: "system", motion: "system", shortcuts: true });
  capabilities = $state.raw<Capability[]>([]);
  cloned = $state(false);
  /** Why the window could not begin. */
  unable = $state.raw<ErrorView | null>(null);
  /** Rises when people, devices, policy or duties changed: lists that were read once read again. */
  rosterEpoch = $state(0);
  heldEpoch = $state(0);
  dutiesEpoch = $state(0);
  timeline = $state.raw<Timeline | null>(null);

  readonly #watchers = new Set<(event: Event) => void>();
  #stop: (() => void) | null = null;

  constructor(port: Port) {
    this.port = port;
    this.clock = new Clock(() => port.now());
    this.inbox = new Inbox();
    this.rights = new Rights(port);
  }

  async start(): Promise<void> {
    this.#stop?.();
    this.#stop = this.port.listen((event) => this.#hear(event));
    this.clock.start();
    try {
      this.setPreferences(await this.port.call("preferences", {}), false);
      this.capabilities = await this.port.call("capabilities", {});
      this.connection = await this.port.call("connection", {});
      await this.#enter(await this.port.call("session", {}));
    } catch (thrown) {
      this.unable = errorOf(thrown);
    }
  }

  /** Locks now. Where that fails it is said: somebody who walks away must know. */
  lock(): void {
    this.port.call("lock", {}).catch((thrown: unknown) => this.voice.fail(errorOf(thrown)));
  }

  stop(): void {
    this.#stop?.();
    this.clock.stop();
    this.#forget();
  }

  can(capability: Capability): boolean {
    return this.capabilities.includes(capability);
  }

  /** Follows events from a screen; the answer stops it. */
  follow(watcher: (event: Event) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  setPreferences(preferences: Preferences, tell = true): void {
    this.preferences = preferences;
    language.choose(preferences.language);
    if (tell) void this.port.call("setPreferences", { preferences }).catch(() => undefined);
  }

  async openConversation(id: string): Promise<void> {
    if (this.timeline?.conversation === id) return;
    this.closeConversation();
    const timeline = new Timeline(this.port, id);
    this.timeline = timeline;
    await timeline.open();
  }

  closeConversation(): void {
    const open = this.timeline;
    this.timeline = null;
    if (open) void this.port.call("unwatch", { conversation: open.conversation }).catch(() => undefined);
  }

  /** Where a session begins or ends, everything read before is dropped first. */
  async #enter(session: SessionView): Promise<void> {
    const person = this.session?.me?.id;
    if (session.state !== "open" || (person && person !== session.me?.id)) this.#forget();
    this.session = session;
    if (session.state !== "open") return;
    await this.#read();
  }

  async #read(): Promise<void> {
    try {
      this.rights.forget();
      const [rows, loops] = await Promise.all([this.port.call("inbox", {}), this.port.call("loops", {})]);
      this.inbox.reset(rows);
      this.loops.reset(loops);
    } catch (thrown) {
      if (errorOf(thrown).code !== "store.locked") this.voice.fail(errorOf(thrown));
    }
  }

  #forget(): void {
    this.timeline = null;
    this.inbox.reset([]);
    this.loops.reset([]);
    this.drafts.clear();
    this.rights.forget();
    this.route.reset();
    this.voice.clear();
  }

  #hear(event: Event): void {
    switch (event.type) {
      case "session":
        void this.#enter(event.session);
        break;
      case "connection":
        this.connection = event.connection;
        break;
      case "inbox":
        this.inbox.put(event.row);
        break;
      case "inboxGone":
        this.inbox.remove(event.conversation);
        break;
      case "loop":
        this.loops.put(event.loop);
        break;
      case "timeline":
        if (this.timeline?.conversation === event.conversation) this.timeline.apply(event.diff);
        break;
      case "roster":
        this.rights.refresh();
        this.rosterEpoch += 1;
        break;
      case "held":
        this.heldEpoch += 1;
        break;
      case "duties":
        this.dutiesEpoch += 1;
        break;
      case "cloneAlarm":
        this.cloned = true;
        break;
      case "reset":
        void this.#read();
        break;
      case "alarm":
        this.inbox.put(event.row);
        break;
      case "wipe":
        break;
    }
    for (const watcher of this.#watchers) watcher(event);
  }
}

const KEY = Symbol("app");

export function provideApp(app: App): void {
  setContext(KEY, app);
}

export function useApp(): App {
  return getContext<App>(KEY);
}
