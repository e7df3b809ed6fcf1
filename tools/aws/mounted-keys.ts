/** Keys of an object store of one's own, from a mounted Secret: read at each use, so that new ones are taken over. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../base/user-error.ts";
import type { AwsCredentials } from "./signature.ts";

/** The names that CloudNativePG's backups have, too. */
const KEY_ID = "ACCESS_KEY_ID";
const SECRET_KEY = "ACCESS_SECRET_KEY";

export function mountedKeys(folder: string): () => Promise<AwsCredentials> {
  const read = async (name: string) => {
    const file = path.join(folder, name);
    const text = await readFile(file, "utf8").catch(() => "");
    if (text.trim() !== "") return text.trim();
    throw new UserError("the key is missing", { where: file, fix: "put it into the Secret" });
  };
  return async () => ({ accessKeyId: await read(KEY_ID), secretAccessKey: await read(SECRET_KEY) });
}
