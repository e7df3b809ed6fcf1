/** The XML that `nvidia-smi -q -x` writes, of whichever version, as GPUs. */
import { parseXml, type XmlElement, XmlError } from "@rgrove/parse-xml";
import { UserError } from "../base/user-error.ts";
import type { Gpu } from "./gpu.ts";
import { wordOf } from "./reading.ts";
import { readGpu } from "./smi-gpu.ts";
import { childrenOf, textAt } from "./xml-node.ts";

export interface SmiXml {
  readonly driver: string | null;
  readonly cuda: string | null;
  readonly gpus: readonly Gpu[];
}

const OPEN = "<nvidia_smi_log";
const CLOSE = "</nvidia_smi_log>";
const GPU_END = "</gpu>";

/**
 * `output` is without messages (`takeMessages`). Where a GPU was lost nvidia-smi may stop in the middle:
 * then what came before is used (`cutShort`). Otherwise an answer without its end is refused.
 */
export function readSmiXml(output: string, where: string, cutShort: boolean): SmiXml | null {
  const start = output.indexOf(OPEN);
  if (start === -1) return null;
  const document = wholeDocument(output.slice(start), where, cutShort);
  if (document === null) return null;
  const root = parse(document, where);
  const gpus = childrenOf(root, "gpu").map(readGpu);
  return {
    driver: wordOf(textAt(root, ["driver_version"])),
    cuda: wordOf(textAt(root, ["cuda_version"])),
    gpus,
  };
}

function wholeDocument(text: string, where: string, cutShort: boolean): string | null {
  const end = text.indexOf(CLOSE);
  if (end !== -1) return text.slice(0, end + CLOSE.length);
  const last = text.lastIndexOf(GPU_END);
  if (cutShort) return last === -1 ? null : `${text.slice(0, last + GPU_END.length)}${CLOSE}`;
  const gpus = text.split(GPU_END).length - 1;
  throw new UserError(
    `the XML ends after ${text.length} characters and ${gpus} whole GPUs, without ${CLOSE}`,
    {
      where,
      fix: "record it again; if it ends in the same place, the driver hangs: look at `dmesg`",
    },
  );
}

function parse(document: string, where: string): XmlElement {
  try {
    const { root } = parseXml(escaped(document));
    if (root !== null) return root;
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new UserError(`the XML is not well-formed: ${error.message.split("\n")[0]}`, {
      where: `${where}, line ${error.line}`,
      fix: "record it again with `nvidia-smi -q -x`; if it stays so, keep the file and report it",
    });
  }
  throw new UserError("the XML has no content", { where, fix: "record it again" });
}

/** Names of processes are written as they are: control characters and a bare `&` are no XML. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "?")
    .replace(/&(?!(?:[a-z]+|#\d+|#x[0-9a-f]+);)/gi, "&amp;");
}
