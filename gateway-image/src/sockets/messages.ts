/**
 * The words of a WebSocket connection. A caller sends one JSON object a message: a call, whose
 * `body` is what the HTTP endpoint of that name takes, or the cancellation of one. The body's bytes
 * are passed on as they came, as those of an HTTP call are.
 */
import { z } from "zod";
import { scanMembers } from "../base/json-members.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";

/** The one subprotocol; a change that callers must know of gets another name. */
export const SUBPROTOCOL = "deepseek.v1";

/** What a call is recorded, limited and billed as: the HTTP endpoint that streams the same. */
export const CALL_PATHS = {
  "chat.completions": "/v1/streaming/chat",
  completions: "/v1/streaming/completions",
} as const;

export type CallType = keyof typeof CALL_PATHS;

/** A page cannot set headers at the upgrade, so a call may bring those that concern itself. */
const OWN_HEADERS = [
  "x-data-class",
  "x-cache",
  "x-request-id",
  "traceparent",
  "tracestate",
] as const;

const id = z.string().min(1).max(64).optional();
const headers = z
  .strictObject(
    Object.fromEntries(OWN_HEADERS.map((name) => [name, z.string().max(512).optional()])),
  )
  .optional();
const types = Object.keys(CALL_PATHS) as [CallType, ...CallType[]];
const socketMessageSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.enum(types), id, headers, body: z.looseObject({}) }),
  z.strictObject({ type: z.literal("cancel"), id }),
]);

export type SocketMessage =
  | {
      readonly kind: "call";
      readonly type: CallType;
      readonly id: string | null;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
    }
  | { readonly kind: "cancel"; readonly id: string | null };

/** Throws a GatewayError that says what is wrong with the message. */
export function readMessage(bytes: Buffer): SocketMessage {
  const scan = scanMembers(bytes);
  const json = parse(bytes);
  if (scan === null) throw invalid("A message is a JSON object.");
  if (scan.depth > limits.jsonDepthMax) throw invalid("The message is nested too deeply.");
  if (new Set(scan.members.map(({ name }) => name)).size < scan.members.length) {
    throw invalid("A member of the message is there twice.");
  }
  const result = socketMessageSchema.safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw invalid(`${issue?.path.join(".") ?? "message"}: ${issue?.message ?? "is invalid"}`);
  }
  const message = result.data;
  if (message.type === "cancel") return { kind: "cancel", id: message.id ?? null };
  const place = scan.members.find(({ name }) => name === "body");
  if (place === undefined) throw new Error("a body that was parsed is not in the bytes");
  return {
    kind: "call",
    type: message.type,
    id: message.id ?? null,
    headers: (message.headers ?? {}) as Record<string, string>,
    body: bytes.subarray(place.valueStart, place.valueEnd),
  };
}

function parse(bytes: Buffer): unknown {
  try {
    // The library has refused what is not UTF-8.
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new GatewayError("invalid_json", { message: "The message is not valid JSON." });
  }
}

function invalid(message: string): GatewayError {
  return new GatewayError("invalid_request", { message });
}

/** `{"type":…,"id":…` and then members that are JSON already, such as `"data":{…}`. */
export function serverMessage(type: string, id: string | null, members: string): string {
  const head = JSON.stringify(id === null ? { type } : { type, id }).slice(0, -1);
  return `${head}${members === "" ? "" : `,${members}`}}`;
}
