/** What the other site's stack tells, written into a site's settings or compared with them. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createKeyring } from "../engine/state/crypto.ts";
import { createFileBackend } from "../engine/state/file-backend.ts";
import { secret } from "../engine/values.ts";
import { Flags } from "./verb.ts";
import { verb } from "./verbs/sites.ts";

const PASSPHRASE = "correct horse";
const SITE = {
  name: "bank",
  role: "primary",
  clusterIdentifier: "onprem-bank",
  postgres: "postgres.bank.example",
  redis: "redis.bank.example",
  ranges: ["10.0.0.64/28"],
  authority: null,
  weights: {},
};
const PASSWORDS = { postgres: "drawn-by-the-primary", redis: "drawn-as-well" };
const SETTINGS = `config:
  # The standby.
  deepseek:site:
    name: bank-standby # its own
    role: standby
    other: { name: bank, stack: bank, read: true }
`;

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "sites-"));
  file = path.join(folder, "Pulumi.standby.yaml");
  await writeFile(path.join(folder, "Pulumi.yaml"), "name: demo\nruntime: nodejs\n");
  await writeFile(file, SETTINGS);
});

afterAll(() => rm(folder, { recursive: true }));

test("without a state of the other stack it is said where else it can come from", async () => {
  await expect(sites("pin")).rejects.toMatchObject({
    message: "there is no state of bank here",
    fix: expect.stringContaining("--from FILE"),
  });
});

test("what is simulated is not written down", async () => {
  await expect(sites("pin", { "simulate-cloud": true })).rejects.toMatchObject({
    fix: expect.stringContaining("leave out --simulate-cloud"),
  });
});

test("what the stack tells goes into the settings: passwords encrypted, the rest as it was", async () => {
  await deployed(SITE);
  const { code, text } = await sites("pin");
  expect(code).toBe(0);
  expect(text).toContain('site.other.postgres: nothing → "postgres.bank.example"');
  expect(text).not.toContain("drawn");
  const written = await readFile(file, "utf8");
  expect(written).toMatch(/# The standby\..*name: bank-standby # its own/s);
  expect(written).toContain("clusterIdentifier: onprem-bank");
  expect(written).not.toContain("read:");
  expect(written).toMatch(/deepseek:replicationPasswords:\s+secure: v1:/);
  expect(written).not.toContain("drawn");
  expect(await sites("compare")).toEqual({
    code: 0,
    text: "  nothing else is told than the settings say\n",
  });
});

test("a comparison finds what has changed since, and changes nothing", async () => {
  const outputs = { site: { ...SITE, redis: "quotas.bank.example" }, replication: PASSWORDS };
  const from = path.join(folder, "outputs.json");
  await writeFile(from, JSON.stringify(outputs));
  const before = await readFile(file, "utf8");
  const { code, text } = await sites("compare", { from });
  expect(code).toBe(1);
  expect(text).toBe('  deepseek:site.other.redis: "redis.bank.example" → "quotas.bank.example"\n');
  await writeFile(
    from,
    JSON.stringify({ site: SITE, replication: { ...PASSWORDS, redis: "new" } }),
  );
  expect(await sites("compare", { from })).toEqual({
    code: 1,
    text: "  deepseek:replicationPasswords: other passwords (not shown)\n",
  });
  expect(await readFile(file, "utf8")).toBe(before);
});

test("another site's stack is refused", async () => {
  await deployed({ ...SITE, name: "elsewhere" });
  await expect(sites("pin")).rejects.toMatchObject({
    message: "it is the stack of the site elsewhere",
  });
});

/** The other stack, as an `up` leaves it. */
async function deployed(site: typeof SITE): Promise<void> {
  const backend = createFileBackend({
    backendUrl: `file://${folder}`,
    project: "demo",
    simulated: false,
    keyring: createKeyring(async () => PASSPHRASE),
    onNotice: () => {},
  });
  const type = "pulumi:pulumi:Stack";
  const urn = `urn:pulumi:bank::demo::${type}::demo-bank`;
  const outputs = { site, replication: secret(PASSWORDS) };
  const root = { urn, type, custom: false, outputs, inputs: {} };
  const manifest = { time: "2026-11-26T00:00:00.000Z", magic: "", version: "" };
  const snapshot = { manifest, resources: [root], pendingOperations: [], simulated: false };
  await backend.open("bank").save(snapshot);
}

async function sites(action: string, flags: Record<string, unknown> = {}) {
  const said: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  try {
    const code = await verb.run({
      environment: {
        projectDir: path.join(folder, "ours"),
        stateDir: path.join(folder, ".state"),
        variables: {
          PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
          PULUMI_BACKEND_URL: `file://${folder}`,
        },
      } as never,
      positionals: [action, "standby"],
      flags: new Flags({ cwd: folder, ...flags }),
      raw: [],
      signal: new AbortController().signal,
    });
    return { code, text: said.join("") };
  } finally {
    spy.mockRestore();
  }
}
