/** Message text as harmless pieces. Markdown's emphasis and code are kept, everything else is what was typed. */

export interface Piece {
  kind: "text" | "strong" | "em" | "code" | "link";
  text: string;
}

/** What is shown before somebody asks for all of it. */
export const SHORT = 3000;
/** Never more than this in one message, whoever sent it. */
export const LONG = 100_000;

// Overrides and isolates that make text read as something else; they carry no meaning a reader needs.
const BIDI = /[\u202A-\u202E\u2066-\u2069\u200E\u200F\u061C]/g;
// Control characters but tab and newline.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;
const MARKS = /(\p{M}{4})\p{M}+/gu;

/** A name or line without what could disturb its surroundings. */
export function plain(text: string): string {
  return text.replace(BIDI, "").replace(CONTROL, "").replace(MARKS, "$1");
}

/** One harmless line, without the marks of emphasis. */
export function flat(text: string, limit: number): string {
  return pieces(text, limit).map((piece) => piece.text).join("").replace(/\s+/g, " ");
}

const INLINE = /\*\*([^*\n]{1,500})\*\*|\*([^*\n]{1,500})\*|_([^_\n]{1,500})_(?!\w)|`([^`\n]{1,500})`|!?\[([^\]\n]{0,200})\]\(([^)\s]{1,500})\)/g;

export function pieces(text: string, limit: number): Piece[] {
  const source = plain(text.slice(0, limit));
  const out: Piece[] = [];
  let from = 0;
  for (const hit of source.matchAll(INLINE)) {
    if (hit.index > from) out.push({ kind: "text", text: source.slice(from, hit.index) });
    const [all, strong, em, under, code, label, address] = hit;
    if (strong !== undefined) out.push({ kind: "strong", text: strong });
    else if (em !== undefined || under !== undefined) out.push({ kind: "em", text: em ?? under ?? "" });
    else if (code !== undefined) out.push({ kind: "code", text: code });
    else out.push({ kind: "link", text: `${label ?? ""} (${address ?? all})` });
    from = hit.index + all.length;
  }
  if (from < source.length) out.push({ kind: "text", text: source.slice(from) });
  return out;
}
