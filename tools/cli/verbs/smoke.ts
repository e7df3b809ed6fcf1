/** Tries every endpoint of a running service, whichever it is, and says which are well. */
import { readFile } from "node:fs/promises";
import { UserError } from "../../base/user-error.ts";
import { Service } from "../../smoke/service.ts";
import { type Result, smoke } from "../../smoke/smoke.ts";
import type { Call, Verb } from "../verb.ts";

const MARKS = { ok: "✓", fault: "✗", skipped: "–" } as const;

export const verb: Verb = {
  name: "smoke",
  summary: "tries every endpoint of a running service",
  usage: "URL [--key K] [--ca FILE] [--json]",
  examples: [
    "npm run smoke -- http://127.0.0.1:8080 --key sk-ds-…",
    "DEEPSEEK_API_KEY=sk-ds-… npm run smoke -- https://127.0.0.1:30443 --ca .state/ca.pem",
    "npm run -s smoke -- https://api.bank.example --json > smoke.json",
  ],
  options: {
    key: {
      type: "string",
      value: "K",
      help: "API key or token; better in DEEPSEEK_API_KEY, where no list of processes shows it",
    },
    ca: { type: "string", value: "FILE", help: "PEM that verifies the service's certificate" },
    seconds: { type: "string", value: "N", help: "for each answer (default 30)" },
    json: { type: "boolean", help: "print one JSON object" },
  },
  positionals: [1, 1],
  async run(call) {
    const { flags, environment } = call;
    const url = addressOf(call);
    const key = flags.text("key") ?? environment.variables["DEEPSEEK_API_KEY"] ?? null;
    const timeoutMs = flags.integer("seconds", 30, 1, 600) * 1000;
    const service = new Service({ url, key, ca: await authority(flags.text("ca")), timeoutMs });
    const results = await smoke(service, key !== null).finally(() => service.close());
    process.stdout.write(flags.on("json") ? json(url, results) : table(url, results));
    return results.some(({ verdict }) => verdict === "fault") ? 1 : 0;
  },
};

function addressOf({ positionals }: Call): string {
  const [text = ""] = positionals;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/") return url.origin;
  throw new UserError(`"${text}" is no address of a service`, {
    where: "command line",
    fix: "scheme, host and port, such as https://127.0.0.1:30443",
  });
}

async function authority(file: string | undefined): Promise<string | null> {
  if (file === undefined) return null;
  return readFile(file, "utf8").catch(() => {
    throw new UserError("the file cannot be read", { where: file, fix: "--ca FILE, in PEM" });
  });
}

function counts(results: readonly Result[]) {
  const of = (verdict: Result["verdict"]) =>
    results.filter((one) => one.verdict === verdict).length;
  return { ok: of("ok"), fault: of("fault"), skipped: of("skipped") };
}

function table(url: string, results: readonly Result[]): string {
  const ms = (value: number | null) => (value === null ? "" : value.toFixed(1));
  const width = Math.max(...results.map(({ name }) => name.length));
  const lines = results.map((one) =>
    [
      `${MARKS[one.verdict]} ${one.name.padEnd(width)}`,
      String(one.status ?? "").padStart(3),
      ms(one.firstMs).padStart(9),
      ms(one.wholeMs).padStart(9),
      one.note,
    ]
      .join("  ")
      .trimEnd(),
  );
  const head = `  ${"".padEnd(width)}     ${"first ms".padStart(9)}  ${"whole ms".padStart(9)}`;
  const { ok, fault, skipped } = counts(results);
  const last = `${ok} well, ${fault} at fault, ${skipped} not for this caller or not there`;
  return `${[url, head, ...lines, "", last].join("\n")}\n`;
}

function json(url: string, results: readonly Result[]): string {
  return `${JSON.stringify({ url, ...counts(results), results }, null, 2)}\n`;
}
