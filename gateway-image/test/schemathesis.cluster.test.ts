/**
 * schemathesis reads the API's document and calls every operation with what it allows and with what
 * it forbids, as a caller and as two administrators; all of its checks are on, and it finds nothing.
 * Needs Debian's Python and the package index. SOAK_EXAMPLES asks for more of them, SOAK_SEED for others.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { ensurePython } from "../../tools/debian/python.ts";
import { createApiKey, hashApiKey } from "../src/base/api-key.ts";
import { boot, endAll, MODEL, simulate, temporaryFolder, testModel } from "./test-harness.ts";

afterEach(endAll);

const here = path.join(import.meta.dirname, "python");
/** Beside those that it makes for each border of each schema, which are some 2,000. */
const EXAMPLES = process.env.SOAK_EXAMPLES ?? "10";
const SEED = process.env.SOAK_SEED ?? "1";
const ROLES = {
  caller: ["caller", "fine-tuner"],
  system: ["system-admin"],
  security: ["security-admin"],
};
/** Simulated training that ends at once, and room for all that is asked. */
const TRAINING = {
  GW_FINE_TUNING: "simulated",
  GW_FINE_TUNING_SIMULATED_SECONDS: "0",
  GW_FINE_TUNING_OPEN_PER_PRINCIPAL: "10000",
  GW_FINE_TUNING_OPEN_PER_TENANT: "10000",
};

async function start(roles: readonly string[]) {
  const { url } = await simulate({ tokensPerSecond: 1_000_000, ttftMs: 0 });
  const key = createApiKey();
  const dataKeys = path.join(temporaryFolder(), "data-keys");
  writeFileSync(dataKeys, `test:${randomBytes(32).toString("base64")}\n`);
  const harness = await boot({
    targets: [],
    models: [testModel([{ url }], { fineTuning: true })],
    env: { GW_DATA_KEY_FILE: dataKeys, ...TRAINING },
    tiers: { service: { concurrency: 500 } },
    directory: {
      tenants: [{ id: "bank", name: "A bank" }],
      principals: [{ id: "who", kind: "service", tenant: "bank", tier: "service", roles }],
      apiKeys: [{ id: "key", principal: "who", sha256: hashApiKey(key) }],
    },
  });
  return { harness, key };
}

test.each(Object.keys(ROLES) as (keyof typeof ROLES)[])(
  "finds nothing as %s",
  async (who) => {
    const python = await ensurePython(path.join(here, "schemathesis.txt"));
    const { harness, key } = await start(ROLES[who]);
    const words = [
      ...["-m", "schemathesis.cli", "run", `${harness.base}/openapi.json`, "--no-color"],
      ...["--header", `Authorization: Bearer ${key}`],
      // A second credential beside that one would be refused before anything else is looked at.
      ...["--generation-with-security-parameters", "false"],
      ...["--max-examples", EXAMPLES, "--seed", SEED, "--generation-database", "none"],
      ...["--request-timeout", "60", "--continue-on-failure"],
      // A WebSocket, which it cannot ask for (sockets/ has tests of its own).
      ...["--exclude-path", "/v1/streaming/ws"],
      // A caller may do nothing there, and an administrator nothing elsewhere.
      ...[who === "caller" ? "--exclude-tag" : "--include-tag", "administration"],
    ];
    const { code, stdout, stderr } = await python.run(words, {
      cwd: harness.folder,
      env: {
        ...python.env,
        PYTHONPATH: `${python.env.PYTHONPATH}:${here}`,
        SCHEMATHESIS_HOOKS: "hooks",
        SCHEMATHESIS_MODEL: MODEL,
      },
    });
    expect(code, stdout + stderr).toBe(0);
    const [, cases] = /(\d+) generated, \1 passed/.exec(stdout) ?? [];
    expect(Number(cases)).toBeGreaterThan(500);
  },
  3_600_000,
);
