/** `--policy-pack` and `--policy-pack-config` as Pulumi pairs them: by their order, one for each or none. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { UserError } from "../base/user-error.ts";
import type { PolicyPack } from "../engine/operation.ts";
import { parsePackSettings } from "../engine/policy/pack-settings.ts";
import type { Call } from "./verb.ts";

export function policyPacks({ flags }: Pick<Call, "flags">): PolicyPack[] {
  const folders = flags.list("policy-pack").map((folder) => path.resolve(folder));
  const files = flags.list("policy-pack-config").map((file) => path.resolve(file));
  if (files.length > 0 && files.length !== folders.length) {
    throw new UserError(`${files.length} settings for ${folders.length} policy packs`, {
      where: "--policy-pack-config",
      fix: "Give one for each --policy-pack, in the same order; a file with {} sets nothing.",
    });
  }
  return folders.map((folder, index) => {
    const file = files[index];
    return file === undefined
      ? { folder }
      : { folder, settings: parsePackSettings(read(file), file) };
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new UserError("the settings of a policy pack cannot be read", {
      where: file,
      fix: "Name a JSON file, as docs/policies.md shows.",
    });
  }
}
