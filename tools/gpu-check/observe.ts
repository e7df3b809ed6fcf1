/** From texts, of this machine or of a recording, to what was seen. Pure. */
import { parseXml, type XmlElement } from "@rgrove/parse-xml";
import { UserError } from "../base/user-error.ts";
import type { Gpu, LostGpu } from "./gpu.ts";
import { readKernelLog, type XidEvent } from "./kernel-log.ts";
import { type FieldRow, identityOf, readFields, withFields } from "./smi-fields.ts";
import { readGpu } from "./smi-gpu.ts";
import { refusalIn, takeMessages } from "./smi-messages.ts";
import { readSmiXml } from "./smi-xml.ts";

export interface Texts {
  /** Where they came from, for messages. */
  readonly where: string;
  /** Standard output and standard error of `nvidia-smi -q -x`. */
  readonly xml: string;
  readonly xmlErrors: string;
  /** Of `nvidia-smi --query-gpu=…`; null: not asked or refused. */
  readonly fields: string | null;
  /** null: it could not be read. */
  readonly kernelLog: string | null;
  /** null: a recording that does not say when it was made. */
  readonly takenAt: Date | null;
}

export interface Observation {
  readonly driver: string | null;
  readonly cuda: string | null;
  readonly gpus: readonly Gpu[];
  readonly lost: readonly LostGpu[];
  readonly corruptedInforom: readonly string[];
  readonly xids: readonly XidEvent[] | null;
  readonly takenAt: Date | null;
}

export function observe(texts: Texts): Observation {
  const fieldsOutput = takeMessages(texts.fields ?? "");
  const output = takeMessages(texts.xml);
  const errors = takeMessages(texts.xmlErrors);
  const messages = takeMessages([texts.xml, texts.xmlErrors, texts.fields ?? ""].join("\n"));
  const rows = readFields(fieldsOutput.rest);
  const xml = readSmiXml(output.rest, texts.where, messages.lost.length > 0);
  const listed = xml?.gpus.map((gpu) => withFields(gpu, rows)) ?? [];
  const gpus =
    xml === null || messages.lost.length > 0 ? [...listed, ...others(listed, rows)] : listed;
  const lost = messages.lost.filter(({ pci }) => !gpus.some((gpu) => gpu.pci === pci));
  if (gpus.length === 0 && lost.length === 0) {
    throw notUnderstood(`${output.rest}\n${errors.rest}\n${fieldsOutput.rest}`, texts.where);
  }
  return {
    driver: xml?.driver ?? null,
    cuda: xml?.cuda ?? null,
    gpus,
    lost,
    corruptedInforom: messages.corruptedInforom,
    xids: texts.kernelLog === null ? null : readKernelLog(texts.kernelLog),
    takenAt: texts.takenAt,
  };
}

/** GPUs that only the rows know: where one is lost, XML may end before it reaches the next. */
function others(listed: readonly Gpu[], rows: readonly FieldRow[]): readonly Gpu[] {
  return rows
    .map((row) => ({ ...withFields({ ...NOTHING, ...identityOf(row) }, rows) }))
    .filter(({ pci }) => !listed.some((gpu) => gpu.pci === pci));
}

const NOTHING: Gpu = readGpu(emptyElement(), 0);

function emptyElement(): XmlElement {
  const { root } = parseXml("<gpu/>");
  if (root === null) throw new Error("an element without content has a root");
  return root;
}

function notUnderstood(text: string, where: string): UserError {
  const refusal = refusalIn(text);
  if (refusal !== null) return new UserError(refusal.what, { where, fix: refusal.fix });
  const first = text.trim().split("\n")[0]?.slice(0, 200) ?? "";
  return new UserError(
    first === ""
      ? "nvidia-smi wrote nothing"
      : `nvidia-smi wrote something else than GPUs: ${first}`,
    { where, fix: "run `nvidia-smi -q -x` by hand and look at what it says" },
  );
}
