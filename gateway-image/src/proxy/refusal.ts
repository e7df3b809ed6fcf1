/**
 * A model server says that the request itself is wrong: what of its explanation the caller is told.
 * The server is well, and another one would say the same.
 */
import { asObject } from "../base/json-members.ts";
import { GatewayError } from "../errors.ts";

/** Bad, too large, not what it can read, and not what it can do at all. */
const REQUEST_AT_FAULT = new Set([400, 413, 422, 501]);

export const isRequestAtFault = (status: unknown): boolean =>
  typeof status === "number" && REQUEST_AT_FAULT.has(status);

/** `error`: as OpenAI's API and vLLM tell it, alone or as a member of that name. */
export function refusal(answer: unknown): GatewayError {
  const { message, param } = asObject(asObject(answer)?.error ?? answer) ?? {};
  return new GatewayError("rejected_by_model", {
    ...(typeof message === "string" ? { message: fitForCallers(message) } : {}),
    ...(typeof param === "string" ? { param: withoutBody(param) } : {}),
  });
}

/** Long enough for vLLM's validation lists, short enough for a log. */
const MESSAGE_LENGTH_MAX = 2_000;
/** vLLM tells findings as Python shows them: each with the whole request, and where in its own files. */
const READ_LENGTH_MAX = 16_000;
const FINDINGS_MAX = 8;
const FINDING =
  /'loc': \(([^)]{0,200})\), 'msg': (?:'((?:[^'\\]|\\.){0,500})'|"((?:[^"\\]|\\.){0,500})")/g;
const PLACE_IN_ITS_FILES = /\s*\n\s*File "/;

function fitForCallers(message: string): string {
  const read = message.slice(0, READ_LENGTH_MAX).split(PLACE_IN_ITS_FILES, 1)[0] ?? "";
  const found = [...read.matchAll(FINDING)].slice(0, FINDINGS_MAX);
  const told = found.length === 0 ? read : found.map(finding).join("; ");
  return told.slice(0, MESSAGE_LENGTH_MAX);
}

function finding([, place = "", single, double]: RegExpExecArray): string {
  const text = (single ?? double ?? "").replace(/\\(.)/g, "$1").replace(/^Value error, /, "");
  const path = place.replace(/['\s]/g, "").replace(/,+$/, "").replaceAll(",", ".");
  const where = withoutBody(path);
  return where === "" ? text : `${where}: ${text}`;
}

/** The caller knows its members, not that a framework calls the whole of them so. */
const withoutBody = (path: string): string => path.replace(/^body(\.|$)/, "");
