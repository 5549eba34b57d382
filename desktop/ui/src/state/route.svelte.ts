/** Where one is in the window. Nothing of it is written to an address bar or a history. */
export type Screen = "inbox" | "onCall" | "patients" | "admin" | "settings";
export type AdminPage =
  | "people" | "devices" | "invitations" | "roles" | "policy" | "proposals" | "reviews" | "security" | "times";

export class Route {
  screen = $state<Screen>("inbox");
  /** Inbox: the open conversation. */
  conversation = $state<string | null>(null);
  /** A message to bring into view once. */
  message = $state<string | null>(null);
  patient = $state<string | null>(null);
  adminPage = $state<AdminPage>("people");
  /** Admin: the device whose loss or wipe is shown. */
  lostDevice = $state<string | null>(null);
  wipe = $state<string | null>(null);
  composing = $state(false);
  help = $state(false);
  switching = $state(false);
  sendingResult = $state(false);

  go(screen: Screen): void {
    this.screen = screen;
    this.composing = false;
    this.sendingResult = false;
    this.lostDevice = null;
    this.wipe = null;
  }

  open(conversation: string, message: string | null = null): void {
    this.go("inbox");
    this.conversation = conversation;
    this.message = message;
  }

  reset(): void {
    this.go("inbox");
    this.conversation = null;
    this.message = null;
    this.patient = null;
    this.adminPage = "people";
    this.help = false;
    this.switching = false;
  }
}
