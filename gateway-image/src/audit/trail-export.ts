/** A trail as one stream of JSON lines, and back: what leaves a gateway can be judged anywhere. */
import { appendFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import type { AuditAnchor } from "./audit-anchor-store.ts";
import { DAY, SEGMENT_FILE } from "./segment-files.ts";

export interface ExportRow {
  readonly file?: string;
  readonly line?: string;
  readonly anchor?: Omit<AuditAnchor, "time"> & { readonly time: string | Date };
  readonly publicKey?: string;
}

/** Writes the days into the folder. Throws where a row is none of an export. */
export function unpackExport(text: string, folder: string) {
  const anchors: AuditAnchor[] = [];
  let publicKey = "";
  for (const row of text.split("\n").filter((one) => one !== "")) {
    const { file, line, anchor, publicKey: pem } = JSON.parse(row) as ExportRow;
    if (file !== undefined && line !== undefined) {
      const place = path.join(folder, safe(file));
      mkdirSync(path.dirname(place), { recursive: true });
      appendFileSync(place, `${line}\n`);
    }
    if (anchor !== undefined) anchors.push({ ...anchor, time: new Date(anchor.time) });
    if (pem !== undefined) publicKey = pem;
  }
  if (publicKey === "") throw new Error("the export has no end: its public key is missing");
  return { anchors, publicKey };
}

/** A day and a segment, and nothing that leads out of the folder. */
function safe(file: string): string {
  const [day = "", name = "", ...rest] = file.split("/");
  if (DAY.test(day) && SEGMENT_FILE.test(name) && rest.length === 0) return path.join(day, name);
  throw new Error(`the export names ${file.slice(0, 80)}, which is no segment`);
}
