/** Which language speaks now, and every word of it: `t.inbox.title`. Reading a word in a component follows the language. */
import { de } from "./de.ts";
import { en, type Words } from "./en.ts";

export type Language = "en" | "de";

const catalogues: Record<Language, Words> = { en, de };
const LOCALES: Record<Language, string> = { en: "en-GB", de: "de-DE" };

class Speaker {
  now = $state<Language>("en");
  get locale(): string {
    return LOCALES[this.now];
  }
  /** Takes what the preferences say; `system` asks the browser. */
  choose(wish: Language | "system"): void {
    this.now = wish === "system" ? (navigator.language.toLowerCase().startsWith("de") ? "de" : "en") : wish;
  }
}

export const language = new Speaker();

export const t: Words = new Proxy({} as Words, {
  get: (_, area) => catalogues[language.now][area as keyof Words],
});
