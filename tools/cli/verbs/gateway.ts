/**
 * The gateway alone, without a cluster: embedded stores, a simulated model, a key that is printed.
 * And two tools for its owners: finding leaked credentials, and judging an audit trail.
 */
import { createPublicKey } from "node:crypto";
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { unpackExport } from "../../../gateway-image/src/audit/trail-export.ts";
import { judge, type TrailReport } from "../../../gateway-image/src/audit/verify-trail.ts";
import { SealedBox } from "../../../gateway-image/src/base/sealed-box.ts";
import { openPrompt } from "../../../gateway-image/src/base/sealed-prompt.ts";
import { scanTree } from "../../../gateway-image/src/identity/scan.ts";
import { UserError } from "../../base/user-error.ts";
import { readProviderEnv } from "../provider-env.ts";
import { type Health, startStandalone } from "../standalone-gateway.ts";
import type { Call, Verb } from "../verb.ts";

export const verb: Verb = {
  name: "gateway",
  summary: "the gateway alone on localhost; scans for keys; verifies an audit trail; opens prompts",
  usage:
    "[scan PATH | verify-audit FOLDER --key FILE | verify-audit EXPORT | open-prompts LOG --key FILE] [--port N] [--env-file FILE]",
  examples: [
    "npm run gateway",
    "npm run gateway -- --port 9000",
    "npm run gateway -- --env-file ~/provider-keys.env",
    "npm run gateway -- scan .",
    "npm run gateway -- verify-audit audit-export.ndjson",
    "npm run gateway -- open-prompts gateway.log --key data-keys",
    "npm run gateway -- verify-audit .state/gateway/data/audit/primary --key .state/gateway/audit-seal.pub",
  ],
  options: {
    port: { type: "string", value: "N", help: "port on 127.0.0.1 (default 8080)" },
    "env-file": {
      type: "string",
      value: "FILE",
      help: "keys of outside providers (default .env of the project)",
    },
    key: {
      type: "string",
      value: "FILE",
      help: "public key of the seals (PEM), or the data keys that sealed prompts",
    },
  },
  positionals: [0, 2],
  async run(call) {
    const [what, place] = call.positionals;
    if (what === undefined) return serve(call);
    if (what === "scan" && place !== undefined) return scan(place);
    if (what === "open-prompts" && place !== undefined) return openPrompts(call, place);
    if (what === "verify-audit" && place !== undefined) return verifyAudit(call, place);
    throw new UserError(`there is nothing called "${call.positionals.join(" ")}" here`, {
      where: "command line",
      fix: "npm run gateway -- --help",
    });
  },
};

async function serve({ environment, flags, signal }: Call): Promise<number> {
  const env = readProviderEnv(flags.text("env-file") ?? null, environment.projectDir);
  if (env.exposed) {
    process.stderr.write("Others may read the file with the providers' keys: chmod 600 it.\n");
  }
  const gateway = await startStandalone({
    projectDir: environment.projectDir,
    folder: path.join(environment.stateDir, "gateway"),
    port: flags.integer("port", env.port ?? 8080, 1, 65_535),
    providerKeys: env.keys,
    variables: environment.variables,
  });
  process.stdout.write(`The gateway is at ${gateway.url} (the model is simulated; state is kept in
${gateway.folder}).

  API key        ${gateway.key}
  administrator  admin, password in ${gateway.passwordFile}
  providers      ${providersLine(gateway.health)}
  models         ${gateway.health.models_count}
  documentation  ${gateway.url}/docs (Swagger UI), ${gateway.url}/redoc (ReDoc)
  schema         ${gateway.url}/openapi.json
  health         ${gateway.url}/health

Call it:

  curl --silent --show-error ${gateway.url}/v1/chat/completions \\
    -H 'Authorization: Bearer ${gateway.key}' -H 'Content-Type: application/json' \\
    -d '{"model":"${gateway.model}","messages":[{"role":"user","content":"Hello"}]}'

Ctrl-C stops it.
`);
  const stopped = new Promise<number>((resolve) => {
    signal.addEventListener("abort", () => void gateway.stop().then(resolve), { once: true });
  });
  return Promise.race([stopped, gateway.ended]);
}

function providersLine({ providers }: Health): string {
  const names = Object.entries(providers);
  const on = names.filter(([, isOn]) => isOn).map(([name]) => name);
  const off = names.filter(([, isOn]) => !isOn).map(([name]) => name);
  const list = (what: string, of: readonly string[]) =>
    of.length === 0 ? [] : [`${what} ${of.join(", ")}`];
  return [...list("on", on), ...list("off", off)].join("; ");
}

function scan(place: string): number {
  if (!existsSync(place)) throw missing(place);
  const { leaks, filesRead, filesSkipped } = scanTree(place);
  for (const { file, line, kind, ending } of leaks) {
    process.stdout.write(`${file}:${line}: ${kind} …${ending}\n`);
  }
  for (const file of filesSkipped) process.stderr.write(`not read: ${file}\n`);
  const mend = leaks.length > 0 ? "; revoke them and make new ones" : "";
  process.stderr.write(`${filesRead} files read, ${leaks.length} credentials found${mend}\n`);
  return leaks.length > 0 ? 1 : 0;
}

function verifyAudit(call: Call, place: string): number {
  if (!existsSync(place)) throw missing(place);
  return statSync(place).isFile() ? verifyExport(place) : verifyFolder(call, place);
}

/** What GET /admin/v1/audit/export has answered. */
function verifyExport(file: string): number {
  const folder = mkdtempSync(path.join(os.tmpdir(), "deepseek-audit-"));
  try {
    const { publicKey, anchors } = unpackExport(readFileSync(file, "utf8"), folder);
    const report = judge({ folder, publicKey: createPublicKey(publicKey), anchors, excerpt: true });
    return tell(report, "The key is the one in the file: compare it with the one you know.\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function verifyFolder({ flags }: Call, folder: string): number {
  const keyFile = flags.text("key");
  if (keyFile === undefined) {
    throw new UserError("the public key of the seals is needed", {
      where: "command line",
      fix: "--key FILE",
    });
  }
  for (const place of [folder, keyFile]) if (!existsSync(place)) throw missing(place);
  const key = createPublicKey(readFileSync(keyFile, "utf8"));
  return tell(
    judge({ folder, publicKey: key, anchors: [] }),
    "The anchors in the database were not asked: a tail that was cut off is found with them only.\n",
  );
}

/** One JSON object a line on standard output: prompts of callers, so it is the reader's to guard. */
async function openPrompts({ flags }: Call, log: string): Promise<number> {
  const keyFile = flags.text("key");
  if (keyFile === undefined) {
    throw new UserError("the data keys are needed", { where: "command line", fix: "--key FILE" });
  }
  for (const place of [log, keyFile]) if (!existsSync(place)) throw missing(place);
  const box = new SealedBox(readFileSync(keyFile, "utf8"));
  let [opened, closed] = [0, 0];
  for await (const line of createInterface({ input: createReadStream(log) })) {
    const found = openPrompt(box, line);
    if (found === undefined) continue;
    if (found.prompt === null) closed += 1;
    else opened += 1;
    process.stdout.write(`${JSON.stringify(found)}\n`);
  }
  const rest = closed > 0 ? `; ${closed} sealed by another key, or changed` : "";
  process.stderr.write(`${opened} prompts${rest}\n`);
  return closed > 0 ? 1 : 0;
}

function tell(report: TrailReport, remark: string): number {
  for (const { where, what } of report.faults) process.stdout.write(`✗ ${where}: ${what}\n`);
  const { events, segments, writers, faults } = report;
  process.stdout.write(
    `${events} events in ${segments} segments of ${writers.length} writers, ${faults.length} faults
${remark}`,
  );
  return faults.length > 0 ? 1 : 0;
}

function missing(place: string): UserError {
  return new UserError("there is no such file or folder", { where: place, fix: "check the path" });
}
