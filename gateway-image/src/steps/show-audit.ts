/**
 * The audit trail of the gateway that answers, for who may judge it: its events, its lines as they
 * stand on the disk with what is needed to verify them elsewhere, and a verdict. Every look is an
 * event of the trail itself.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type AuditAnchorStore, anchorsOf } from "../audit/audit-anchor-store.ts";
import type { AuditLine, EventLine } from "../audit/audit-line.ts";
import type { AuditTrail } from "../audit/audit-trail.ts";
import { daysOf, linesOf, segmentsOf } from "../audit/segment-files.ts";
import { judgeBeside } from "../audit/verify-trail.ts";
import type { Clock } from "../base/clock.ts";
import { beforeEnd, type RequestContext, type Step } from "../context.ts";
import { GatewayError, invalid } from "../errors.ts";
import { answerJson } from "./answer-json.ts";

export interface ShowAuditParts {
  /** null: this gateway keeps no trail. */
  readonly trail: AuditTrail | null;
  readonly anchors: AuditAnchorStore;
  readonly clock: Clock;
  readonly site: string;
  readonly writer: string;
}

const PAGE_MAX = 1_000;
const DAY_MS = 86_400_000;

export function showAuditEvents(parts: ShowAuditParts): Step {
  return async function showAuditEvents(context, next) {
    const { folder } = trailOf(parts);
    const { wanted, from, to } = readRange(context, parts.clock);
    const limit = readNumber(wanted, "limit", 100, PAGE_MAX);
    const after = readNumber(wanted, "after", 0, Number.MAX_SAFE_INTEGER, 0);
    const found: EventLine[] = [];
    for await (const line of eventsOf(folder, from, to)) {
      if (line.seq <= after || !isWanted(line, wanted)) continue;
      found.push(line);
      if (found.length > limit) break;
    }
    const data = found.slice(0, limit);
    await answerJson(context, 200, {
      object: "list",
      writer: parts.writer,
      data,
      has_more: found.length > limit,
      last_seq: data.at(-1)?.seq ?? null,
    });
    await next();
  };
}

/** One JSON object a line: where each line stands, then the anchors and the key that judge them. */
export function exportAudit(parts: ShowAuditParts): Step {
  return async function exportAudit(context, next) {
    const trail = trailOf(parts);
    const { from, to } = readRange(context, parts.clock);
    const { response } = context;
    // The newest lines are sealed by nothing yet; an anchor is what holds them.
    await trail.anchor();
    const today = new Date(parts.clock.wallMs()).toISOString().slice(0, 10);
    const anchors = to < today ? [] : await latest(parts);
    response.writeHead(200, {
      "content-type": "application/x-ndjson",
      "content-disposition": `attachment; filename="audit-${parts.writer}-${from}-${to}.ndjson"`,
      "cache-control": "no-store",
    });
    for (const day of daysOf(trail.folder, from, to)) {
      for (const file of segmentsOf(trail.folder, day)) {
        for await (const line of linesOf(trail.folder, file)) {
          await write(context, { file, line });
        }
      }
    }
    for (const anchor of anchors) await write(context, { anchor });
    const pem = trail.publicKey.export({ type: "spki", format: "pem" });
    await write(context, { site: parts.site, publicKey: pem });
    await beforeEnd(context);
    response.end();
    await next();
  };
}

/** One at a time: it reads all that there is. */
export function verifyAudit(parts: ShowAuditParts): Step {
  let running = false;
  return async function verifyAudit(context, next) {
    const { folder, publicKey } = trailOf(parts);
    if (running) throw new GatewayError("concurrency_limit_exceeded");
    running = true;
    try {
      const anchors = await latest(parts);
      const report = await judgeBeside({ folder, publicKey, anchors }, context.gone.signal);
      await answerJson(context, 200, {
        object: "audit.verdict",
        writer: parts.writer,
        intact: report.faults.length === 0,
        ...report,
      });
    } finally {
      running = false;
    }
    await next();
  };
}

function trailOf({ trail }: ShowAuditParts): AuditTrail {
  if (trail !== null) return trail;
  const message = "This gateway keeps no audit trail (GW_AUDIT_SEAL_KEY_FILE).";
  throw new GatewayError("entity_not_found", { message });
}

function latest({ anchors, site, writer }: ShowAuditParts) {
  return anchorsOf(anchors, site, writer).catch((cause: unknown) => {
    throw new GatewayError("directory_unavailable", {
      message: "The anchors of the trail cannot be read now.",
      cause,
    });
  });
}

async function* eventsOf(folder: string, from: string, to: string): AsyncGenerator<EventLine> {
  for (const day of daysOf(folder, from, to)) {
    for (const file of segmentsOf(folder, day)) {
      for await (const text of linesOf(folder, file)) {
        const line = parsed(text);
        if (line?.kind === "event") yield line;
      }
    }
  }
}

/** A line that is just being written is not there yet. */
function parsed(text: string): AuditLine | null {
  try {
    return JSON.parse(text) as AuditLine;
  } catch {
    return null;
  }
}

const FILTERS = ["action", "actor", "tenant", "outcome", "target"] as const;

function isWanted(line: EventLine, wanted: URLSearchParams): boolean {
  return FILTERS.every((name) => {
    const value = wanted.get(name);
    return value === null || line[name] === value;
  });
}

/** Days, UTC; today where none is named. */
function readRange({ request }: RequestContext, clock: Clock) {
  const wanted = new URL(request.url ?? "/", "http://localhost").searchParams;
  const today = new Date(clock.wallMs()).toISOString().slice(0, 10);
  const from = readDay(wanted, "from", today);
  const to = readDay(wanted, "to", today);
  if (Date.parse(to) - Date.parse(from) > 366 * DAY_MS) {
    throw invalid("to", "from, to: a year at most.");
  }
  return { wanted, from, to };
}

function readDay(wanted: URLSearchParams, name: string, usual: string): string {
  const text = wanted.get(name) ?? usual;
  const day = new Date(`${text}T00:00:00Z`);
  if (!Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === text) return text;
  throw invalid(name, `${name}: a date such as 2026-11-24.`);
}

function readNumber(
  wanted: URLSearchParams,
  name: string,
  usual: number,
  most: number,
  least = 1,
): number {
  const value = Number(wanted.get(name) ?? usual);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw invalid(name, `${name}: from ${least} to ${most}.`);
}

/** As fast as the caller reads. */
async function write({ response, gone }: RequestContext, value: object): Promise<void> {
  if (response.write(`${JSON.stringify(value)}\n`)) return;
  while (response.writableNeedDrain) {
    if (gone.signal.aborted) throw new GatewayError("client_closed");
    await sleep(5);
  }
}
