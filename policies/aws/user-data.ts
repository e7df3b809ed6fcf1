/**
 * What a machine reads when it starts, as cloud-init would: as it is or in base64, compressed or not, whole or
 * in the parts of a multipart message, each of which may be encoded again.
 */
import { gunzipSync } from "node:zlib";

/** No user data is larger; what would be is no user data but a way to fill the judge's memory. */
const BYTES_MAX = 4 * 1024 * 1024;

/** Every reading of it; undefined where it is compressed and cannot be read. */
export function userDataTexts(value: string): readonly string[] | undefined {
  const readings = [Buffer.from(value), Buffer.from(value, "base64")].map(uncompressed);
  if (readings.some((one) => one === undefined)) return undefined;
  return readings.flatMap((one) => (one === undefined ? [] : [one, ...partsOf(one)]));
}

function uncompressed(bytes: Buffer): string | undefined {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString("latin1");
  try {
    return gunzipSync(bytes, { maxOutputLength: BYTES_MAX }).toString("latin1");
  } catch {
    return undefined;
  }
}

function partsOf(text: string): string[] {
  const boundary = /^content-type:\s*multipart\/[^\n]*(?:\n\s[^\n]*)*?boundary="?([^"\s;]+)/im.exec(
    text,
  )?.[1];
  if (boundary === undefined) return [];
  return text.split(`--${boundary}`).flatMap((part) => {
    const [head = "", ...body] = part.split(/\r?\n\r?\n/);
    if (!/^content-transfer-encoding:\s*base64/im.test(head)) return partsOf(body.join("\n\n"));
    return [...(userDataTexts(body.join("").replace(/\s/g, "")) ?? [])];
  });
}
