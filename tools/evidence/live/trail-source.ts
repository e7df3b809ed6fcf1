/**
 * Where the lines of the audit trail come from: the gateway's own export for an auditor's key, or the files
 * on the volume of each gateway, read in its pod. Both give the rows of an export.
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { type Agent, request } from "undici";
import { type Cluster, NODE, type PodPlace } from "./cluster.ts";

/** What the gateway itself says of its trail, anchors included. */
export interface OwnVerdict {
  readonly intact: boolean;
  readonly events: number;
  readonly segments: number;
  readonly writer: string;
  readonly faults: readonly { readonly where: string; readonly what: string }[];
}

export interface TrailSource {
  readonly name: string;
  readonly rows: () => AsyncIterable<string>;
  /** null: it was not asked. */
  readonly verdict: (() => Promise<OwnVerdict>) | null;
  /** Days of a longer trail are left out, so that nothing is said of what was before them. */
  readonly excerpt: boolean;
}

/** An export is of a year at most. */
const DAYS_OF_EXPORT = 366;
const DAY_MS = 86_400_000;
/** A trail of a year takes minutes to read and judge. */
const EXPORT_MS = 300_000;

export interface AuditApi {
  readonly url: string;
  /** Of a principal with the role audit-admin. */
  readonly key: string;
  readonly dispatcher: Agent;
  readonly now: Date;
}

export function trailOfApi({ url, key, dispatcher, now }: AuditApi): TrailSource {
  const headers = { "x-api-key": key };
  const ask = async (method: "GET" | "POST", path: string) => {
    const answer = await request(`${url}/admin/v1/audit/${path}`, {
      ...{ method, headers, dispatcher },
      headersTimeout: EXPORT_MS,
      bodyTimeout: EXPORT_MS,
    });
    if (answer.statusCode === 200) return answer;
    await answer.body.dump().catch(() => {});
    throw new Error(`${method} /admin/v1/audit/${path} answers ${answer.statusCode}`);
  };
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  return {
    name: `${url} (the gateway that answered)`,
    async *rows() {
      const from = day(now.getTime() - DAYS_OF_EXPORT * DAY_MS);
      const { body } = await ask("GET", `export?from=${from}&to=${day(now.getTime())}`);
      yield* createInterface({ input: Readable.from(body) });
    },
    verdict: async () => (await (await ask("POST", "verify")).body.json()) as OwnVerdict,
    // What was before a year ago is judged by the gateway alone.
    excerpt: true,
  };
}

/**
 * Reads the trail where the gateway writes it, and of the seal's key its public half only. The newest days
 * that have room are told whole, the first row says which were left out.
 */
const READ_TRAIL = `
const fs = require("node:fs"), path = require("node:path");
const { createPublicKey } = require("node:crypto");
const most = Number(process.argv[1]);
const root = path.join(process.env.GW_DATA_FOLDER, "audit");
const site = process.env.GW_SITE || fs.readdirSync(root).sort()[0];
const folder = path.join(root, site);
const days = fs.readdirSync(folder).filter((name) => /^\\d{4}-\\d{2}-\\d{2}$/.test(name)).sort();
const files = (day) => fs.readdirSync(path.join(folder, day)).filter((name) => name.endsWith(".jsonl")).sort();
let room = most, first = days.length;
while (first > 0) {
  const day = days[first - 1];
  room -= files(day).reduce((sum, name) => sum + fs.statSync(path.join(folder, day, name)).size, 0);
  if (room < 0 && first < days.length) break;
  first -= 1;
}
const out = (row) => {
  const text = JSON.stringify(row) + "\\n";
  for (let at = Buffer.from(text); at.length > 0; ) {
    try { at = at.subarray(fs.writeSync(1, at)); } catch (cause) { if (cause.code !== "EAGAIN") throw cause; }
  }
};
out({ leftOut: days.slice(0, first) });
for (const day of days.slice(first)) for (const name of files(day)) {
  const lines = fs.readFileSync(path.join(folder, day, name), "utf8").split("\\n");
  lines.pop();
  for (const line of lines) out({ file: day + "/" + name, line });
}
const key = fs.readFileSync(process.env.GW_AUDIT_SEAL_KEY_FILE);
out({ site, publicKey: createPublicKey(key).export({ type: "spki", format: "pem" }) });
`;

/** More is not carried out of a pod: some hundred thousand calls. */
const BYTES_MAX = 128 * 1024 * 1024;

export function trailOfPod(cluster: Cluster, place: PodPlace): TrailSource {
  const command = [NODE, "-e", READ_TRAIL, String(BYTES_MAX)];
  return {
    name: `${place.namespace}/${place.pod}`,
    rows: () => cluster.lines({ ...place, container: "gateway" }, command, EXPORT_MS),
    verdict: null,
    excerpt: false,
  };
}
