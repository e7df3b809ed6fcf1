/**
 * The rendered units before systemd's own judge, and started for real: nginx and the gateway with the
 * rights, credentials and variables that the units say, in mounts and a network of their own.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../base/process.ts";
import { ensurePackages } from "../debian/packages.ts";
import { environmentFor } from "../debian/root-folder.ts";
import { bundleProgram } from "../images/bundle.ts";
import { gateway as gatewayRecipe } from "../images/recipes/gateway.ts";
import type { MachineOptions } from "./fixtures/machine.ts";
import { type TestFront, testFront } from "./test-front.ts";

const root = path.resolve(import.meta.dirname, "../..");
const SERVICES = [
  "deepseek-edge.service",
  "deepseek-gateway@1.service",
  "deepseek-edge-exporter.service",
];
const MODEL = "deepseek-llm-7b-chat";

let folder: string;
let rendered: string;
let front: TestFront;
let analyze: { program: string; env: NodeJS.ProcessEnv };

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "systemd-test-"));
  rendered = path.join(folder, "rendered");
  front = await testFront("bare-metal", true);
  for (const { path: file, content, mode } of front.files) {
    await mkdir(path.dirname(path.join(rendered, file)), { recursive: true });
    await writeFile(path.join(rendered, file), content, { mode });
  }
  const systemd = await ensurePackages(["systemd"]);
  const env = environmentFor(systemd.root);
  // Its own libraries lie in a folder of theirs.
  const libraries = `${env.LD_LIBRARY_PATH}:${path.join(env.LD_LIBRARY_PATH, "systemd")}`;
  analyze = {
    program: path.join(systemd.root, "usr/bin/systemd-analyze"),
    env: { ...env, LD_LIBRARY_PATH: libraries, SYSTEMD_LOG_LEVEL: "warning" },
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const units = () => path.join(rendered, "etc/systemd/system");
const verify = async (file: string, extra = "") => {
  const target = path.join(folder, "verified");
  await rm(target, { recursive: true, force: true });
  await mkdir(target);
  // systemd wants the programs to be there.
  const program = path.join(target, "program");
  await writeFile(program, "#!/bin/sh\n");
  await chmod(program, 0o755);
  for (const one of front.files.filter(({ path: name }) =>
    name.startsWith("etc/systemd/system/"),
  )) {
    const text = one.content.replaceAll(/^(Exec\w+)=\/(?:usr|opt)\S+/gm, `$1=${program}`);
    const name = path.basename(one.path);
    await writeFile(
      path.join(target, name),
      name === file.replace(/@\d+/, "@") ? text + extra : text,
    );
  }
  const words = ["verify", "--man=no", "--recursive-errors=yes", path.join(target, file)];
  return run(analyze.program, words, { env: { ...analyze.env, SYSTEMD_UNIT_PATH: `${target}:` } });
};

test.each([...SERVICES, "deepseek-gateways.target"])("systemd accepts %s", async (name) => {
  const { code, stdout, stderr } = await verify(name);
  expect(`${code} ${stdout}${stderr}`).toBe("0 ");
});

test("systemd would have said so", async () => {
  const { stderr } = await verify("deepseek-edge.service", "\n[Service]\nProtectSystm=strict\n");
  expect(stderr).toContain("ProtectSystm");
});

test.each(SERVICES)("systemd judges the walls of %s as good", async (name) => {
  const file = path.join(units(), name.replace(/@\d+/, "@"));
  const words = ["security", "--offline=yes", "--no-pager", "--threshold=20", file];
  const { code, stdout, stderr } = await run(analyze.program, words, { env: analyze.env });
  process.stdout.write(`${stdout.trim().split("\n").at(-1)}\n`);
  expect(code, stdout + stderr).toBe(0);
});

test("edge and gateway start as the units say, answer over TLS 1.3 and leave in peace", async () => {
  const options = await machineOptions();
  const file = path.join(folder, "options.json");
  await writeFile(file, JSON.stringify(options));
  const script = path.join(import.meta.dirname, "fixtures/machine.ts");
  const { code, stdout, stderr } = await run("unshare", [
    ...["--mount", "--net", "--propagation", "private", process.execPath, script, file],
  ]);
  expect(code, stderr).toBe(0);
  const seen = JSON.parse(stdout);
  expect(seen.models).toMatchObject({ status: 200, tls: "TLSv1.3" });
  expect(seen.models.body).toContain(MODEL);
  // Three of the four gateways that the edge knows were not started: no call notices.
  expect(seen.chats.map(({ status }: { status: number }) => status)).toEqual(Array(8).fill(200));
  expect(JSON.parse(seen.chats[0].body).usage.completion_tokens).toBeGreaterThan(0);
  // Nothing but the right to open low ports, and none to gain more.
  expect(seen.rights).toMatch(/^CapBnd:\t0000000000000400$/m);
  expect(seen.rights).toMatch(/^NoNewPrivs:\t1$/m);
  expect(seen.ends).toEqual(["0", "0"]);
});

async function machineOptions(): Promise<MachineOptions> {
  const { program } = gatewayRecipe;
  if (program === undefined) throw new Error("the gateway's recipe has no program");
  const bundle = path.join(folder, "main.mjs");
  await writeFile(bundle, (await bundleProgram(root, program)).code);
  const work = path.join(folder, "work");
  await mkdir(work);
  const pair = front.certificates.names["model"];
  if (pair === undefined) throw new Error("no certificate of the model servers");
  await writeFile(path.join(folder, "model.crt"), pair.certificate);
  await writeFile(path.join(folder, "model.key"), pair.key, { mode: 0o600 });
  const debian = await ensurePackages(["nginx", "iproute2"]);
  const hosts = front.files
    .filter(({ path: name }) => name === "README.md")
    .flatMap(({ content }) => [...content.matchAll(/- `([a-z0-9.-]+\.svc)`/g)])
    .map(([, host = ""]) => host);
  return {
    ...{ rendered, work, node: process.execPath, program: bundle, hosts },
    simulator: {
      script: path.join(root, "tools/simulator/main.ts"),
      environment: {
        ...{ PATH: "/usr/bin", SIM_MODELS: MODEL, SIM_PORT: "8000", SIM_DRAIN_GRACE_MS: "0" },
        SIM_TLS_CERT_FILE: path.join(folder, "model.crt"),
        SIM_TLS_KEY_FILE: path.join(folder, "model.key"),
      },
    },
    debian: { root: debian.root, environment: { ...environmentFor(debian.root) } },
    ...{ ca: front.certificates.ca, apiKey: front.apiKey, model: MODEL },
  };
}
