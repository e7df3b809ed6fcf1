/**
 * Tries every endpoint of a running service and judges each: as it should be, at fault, or not for
 * this caller. What the service's own document names and no check knows is tried where a plain GET
 * can, and listed where not.
 */
import { CHECKS, type Check, type Found, type Known } from "./checks.ts";
import type { Answer, Service } from "./service.ts";

export interface Result {
  readonly name: string;
  readonly note: string;
  /** `skipped`: this caller may not, or the service does not have it. */
  readonly verdict: "ok" | "fault" | "skipped";
  readonly status: number | null;
  /** Until the first byte of the body, and all of it, ms. */
  readonly firstMs: number | null;
  readonly wholeMs: number | null;
}

/** `hasKey`: without one, being asked for one is no fault. */
export async function smoke(service: Service, hasKey: boolean): Promise<Result[]> {
  const known: Known = { models: [], contextId: null };
  const results: Result[] = [];
  let document: unknown;
  for (const check of CHECKS) {
    const found = await attempt(check, service, known);
    results.push(judged(check, found, hasKey));
    if (check.name === "GET /openapi.json" && typeof found !== "string") {
      document = found.answer?.json;
    }
  }
  for (const check of unknownChecks(document)) {
    results.push(judged(check, await attempt(check, service, known), hasKey));
  }
  return results;
}

async function attempt(check: Check, service: Service, known: Known): Promise<Found | string> {
  try {
    return await check.run(service, known);
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return { answer: null, fault: cause instanceof Error ? cause.message : String(cause) };
  }
}

function judged(check: Check, found: Found | string, hasKey: boolean): Result {
  const { name } = check;
  const note = (more: string | null) =>
    [check.note, more].filter((text) => text !== undefined && text !== null).join("; ");
  if (typeof found === "string") {
    const none = { status: null, firstMs: null, wholeMs: null };
    return { name, note: note(found), verdict: "skipped", ...none };
  }
  const { answer, fault } = found;
  const excuse = fault === null || answer === null ? null : excuseFor(answer, hasKey);
  const verdict = fault === null ? "ok" : excuse === null ? "fault" : "skipped";
  const times = {
    status: answer?.status ?? null,
    firstMs: answer?.firstMs ?? null,
    wholeMs: answer?.wholeMs ?? null,
  };
  return { name, note: note(excuse ?? fault), verdict, ...times };
}

/** What a caller's key may not do is not the service's fault. */
function excuseFor(answer: Answer, hasKey: boolean): string | null {
  if (answer.status === 401 && !hasKey) return "needs a key";
  if (answer.status === 403) return "not allowed to this key";
  if (answer.status === 404 && /"not_found"|"Not Found"/.test(answer.text)) return "not there";
  return null;
}

interface Documented {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function unknownChecks(document: unknown): Check[] {
  const tried = new Set(CHECKS.map(({ name }) => name));
  const { paths = {} } = (document ?? {}) as Documented;
  const names = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  return names
    .filter((name) => !tried.has(name))
    .map((name) => {
      const [method = "", path = ""] = name.split(" ");
      const plain = method === "GET" && !path.includes("{");
      return { name, run: plain ? plainGet(path) : async () => "not tried" };
    });
}

function plainGet(path: string): Check["run"] {
  return async (service) => {
    const answer = await service.ask(path);
    return { answer, fault: answer.status === 200 ? null : `expected 200` };
  };
}
