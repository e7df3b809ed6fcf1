/**
 * Thoughts of a reasoning model go by DeepSeek's name for them, `reasoning_content`, whatever its engine
 * calls them: vLLM says `reasoning` in answers, and takes either name in what is sent back to it.
 */
const ENGINES_NAME = Buffer.from('"reasoning":');
const OUR_NAME = Buffer.from('"reasoning_content":');

/** JSON of a chat's answer, or of an event of one; the same bytes where nothing is called so. */
export function withThoughtsNamed(json: Buffer): Buffer {
  // In a text a quotation mark is escaped, so these bytes are a member's name wherever they stand.
  let at = json.indexOf(ENGINES_NAME);
  if (at === -1 || json.includes(OUR_NAME)) return json;
  const parts: Buffer[] = [];
  let from = 0;
  for (; at !== -1; at = json.indexOf(ENGINES_NAME, from)) {
    parts.push(json.subarray(from, at), OUR_NAME);
    from = at + ENGINES_NAME.length;
  }
  return Buffer.concat([...parts, json.subarray(from)]);
}
