/** Texts of a bounded length that can be read: what is invisible is written out. Pure. */

/** At most `most` UTF-16 units, with a mark where something is missing; no character is halved. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const kept = text.slice(0, most - 1);
  const last = kept.charCodeAt(kept.length - 1);
  const halved = last >= 0xd800 && last <= 0xdbff;
  return `${halved ? kept.slice(0, -1) : kept}…`;
}

/**
 * Control and format characters (also those that turn the direction of writing), line separators, private
 * and unpaired ones, by their numbers: a name must not hide what it is.
 */
export function visible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
