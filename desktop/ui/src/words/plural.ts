/** One or many, by the rules of the language. */
const rules = { en: new Intl.PluralRules("en-GB"), de: new Intl.PluralRules("de-DE") };

export function plural(language: "en" | "de", n: number, one: string, other: string): string {
  return (rules[language].select(n) === "one" ? one : other).replace("#", new Intl.NumberFormat(language === "de" ? "de-DE" : "en-GB").format(n));
}
