/** A proof together with the answers as they came, before they are files of the report's folder. */
import { createHash } from "node:crypto";
import type { Proof } from "../proof.ts";

export interface Shown extends Omit<Proof, "raw"> {
  /** null: nobody answered. */
  readonly raw: object | null;
}

export interface RawFile {
  readonly name: string;
  readonly text: string;
}

/** Beside the reports, so that their names do not mix. */
const RAW_FOLDER = "evidence";

export function proofOf({ raw, ...shown }: Shown): { proof: Proof; file: RawFile | null } {
  if (raw === null) return { proof: { ...shown, raw: null }, file: null };
  const name = `${RAW_FOLDER}/${shown.id}.json`;
  const text = `${JSON.stringify(raw, null, 2)}\n`;
  const sha256 = createHash("sha256").update(text).digest("hex");
  return { proof: { ...shown, raw: { name, sha256 } }, file: { name, text } };
}
