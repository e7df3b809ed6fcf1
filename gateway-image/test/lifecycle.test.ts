/** Start, reload and stop: TLS, changed files, the drain, and the real process with its signals. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import https from "node:https";
import path from "node:path";
import tls from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../tools/pki/authority.ts";
import { startSimulator } from "../../tools/simulator/server.ts";
import { testConfig } from "../../tools/simulator/test-config.ts";
import { createApiKey } from "../src/base/api-key.ts";
import {
  boot,
  CHAT,
  endAll,
  eventually,
  MODEL,
  onEnd,
  simulate,
  testKey,
  testModel,
} from "./test-harness.ts";

afterEach(endAll);

const START_MS_MAX = 300_000;

const LOCALHOST = {
  dnsNames: ["localhost"],
  addresses: ["127.0.0.1"],
  usage: "server",
  days: 2,
} as const;

async function startWithTls() {
  const authority = await createAuthority("test authority", 1);
  const issue = (commonName: string) => issueCertificate(authority, { commonName, ...LOCALHOST });
  const { url } = await simulate();
  const folder = (await boot({ targets: [{ url }] })).write;
  const first = await issue("first");
  const files = {
    cert: folder("tls.crt", first.certificate),
    key: folder("tls.key", first.key),
    ca: folder("ca.pem", authority.certificate),
  };
  const env = {
    GW_TLS: "on",
    GW_TLS_CERT_FILE: files.cert,
    GW_TLS_KEY_FILE: files.key,
    GW_CA_FILE: files.ca,
  };
  const harness = await boot({ targets: [{ url }], env });
  return { authority, issue, files, write: folder, harness, ca: authority.certificate };
}

function subjectSeen(port: number, ca: string, options: tls.ConnectionOptions = {}) {
  return new Promise<string>((resolve, reject) => {
    const socket = tls.connect({ host: "localhost", port, ca, ...options }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

describe("TLS", () => {
  test("1.3 only, on both ports", async () => {
    const { harness, ca } = await startWithTls();
    for (const port of [harness.gateway.port, harness.gateway.metricsPort]) {
      expect(await subjectSeen(port, ca)).toBe("first");
      await expect(subjectSeen(port, ca, { maxVersion: "TLSv1.2" })).rejects.toThrow();
    }
  });

  test("a changed certificate is used for new connections; a broken one is not", async () => {
    const { harness, ca, issue, write } = await startWithTls();
    const second = await issue("second");
    write("tls.crt", second.certificate);
    write("tls.key", second.key);
    harness.gateway.parts.certificate?.check();
    expect(await subjectSeen(harness.gateway.port, ca)).toBe("second");
    expect(await subjectSeen(harness.gateway.metricsPort, ca)).toBe("second");
    // Half of a pair: the key of one with the certificate of another.
    write("tls.crt", (await issue("third")).certificate);
    harness.gateway.parts.certificate?.check();
    expect(await subjectSeen(harness.gateway.port, ca)).toBe("second");
  });

  test("the metrics say when the certificate ends, and nothing where there is none", async () => {
    const metric = "gateway_certificate_expires_seconds";
    const { harness, ca } = await startWithTls();
    const page = await new Promise<string>((resolve, reject) => {
      const options = {
        host: "localhost",
        port: harness.gateway.metricsPort,
        path: "/metrics",
        ca,
      };
      https
        .get(options, (response) => {
          response
            .setEncoding("utf8")
            .toArray()
            .then((parts) => resolve(parts.join("")), reject);
        })
        .once("error", reject);
    });
    const [, seconds] =
      new RegExp(`^${metric}\\{certificate="server"\\} (\\d+)$`, "m").exec(page) ?? [];
    const days = (Number(seconds) - Date.now() / 1000) / 86_400;
    expect(days).toBeGreaterThan(0.5);
    expect(days).toBeLessThan(2.5);
    const plain = await boot({ targets: [{ url: "http://127.0.0.1:9" }] });
    const shown = await fetch(`http://127.0.0.1:${plain.gateway.metricsPort}/metrics`);
    expect(await shown.text()).not.toMatch(new RegExp(`^${metric}`, "m"));
  });

  test("a model server is verified with the stack's CA and its name", async () => {
    const { files, write, authority } = await startWithTls();
    const stranger = await createAuthority("another authority", 1);
    const names = { ...LOCALHOST, commonName: "model" };
    const good = await issueCertificate(authority, names);
    const foreign = await issueCertificate(stranger, names);
    const misnamed = await issueCertificate(authority, {
      ...names,
      dnsNames: ["x"],
      addresses: [],
    });
    const statusWith = async (pair: typeof good, name: string) => {
      const certFile = write(`${name}.crt`, pair.certificate);
      const keyFile = write(`${name}.key`, pair.key);
      const url = await simulateTls(certFile, keyFile);
      const peer = await boot({ targets: [{ url }], env: { GW_CA_FILE: files.ca } });
      return (await peer.chat({ max_tokens: 1 })).status;
    };
    expect(await statusWith(good, "good")).toBe(200);
    expect(await statusWith(foreign, "foreign")).toBe(503);
    expect(await statusWith(misnamed, "misnamed")).toBe(503);
  });
});

test("a new CA is taken over: servers of the old one are no longer trusted", async () => {
  const { url } = await simulate();
  const { write } = await boot({ targets: [{ url }] });
  const [before, after] = [await createAuthority("before", 1), await createAuthority("after", 1)];
  const serve = async (name: string, authority: typeof before) => {
    const pair = await issueCertificate(authority, { commonName: name, ...LOCALHOST });
    const files = [write(`${name}.crt`, pair.certificate), write(`${name}.key`, pair.key)] as const;
    return testModel([{ url: await simulateTls(...files) }], { id: name });
  };
  const models = [await serve("old", before), await serve("new", after)];
  // One server, two names: the simulator knows its own model only.
  for (const model of models) Object.assign(model.targets[0] as object, { model: MODEL });
  const env = { GW_CA_FILE: write("rotating.pem", before.certificate) };
  const harness = await boot({ targets: [], models, env });
  const statuses = async () => [
    (await harness.chat({ model: "old", max_tokens: 1 })).status,
    (await harness.chat({ model: "new", max_tokens: 1 })).status,
  ];
  expect(await statuses()).toEqual([200, 503]);
  write("rotating.pem", before.certificate + after.certificate);
  await eventually(statuses).toEqual([200, 200]);
  write("rotating.pem", after.certificate);
  await eventually(statuses).toEqual([503, 200]);
});

async function simulateTls(certFile: string, keyFile: string): Promise<string> {
  const simulator = await startSimulator(testConfig({ tls: { certFile, keyFile } }));
  onEnd(() => simulator.kill());
  await eventually(() => simulator.service.state).toBe("serving");
  return `https://localhost:${simulator.port}`;
}

describe("files", () => {
  test("a new key and a new model are taken over; a broken file changes nothing", async () => {
    const { url } = await simulate({ models: [MODEL, "second"] });
    const harness = await boot({ targets: [{ url }] });
    const later = createApiKey();
    const status = async (key: string, model: string) => {
      const headers = { "content-type": "application/json", "x-api-key": key };
      return (await harness.chat({ model, max_tokens: 1 }, { headers })).status;
    };
    expect(await status(later, MODEL)).toBe(401);
    harness.write("keys.json", { keys: [testKey(harness.key), testKey(later, { id: "later" })] });
    harness.write("routes.json", {
      models: [testModel([{ url }]), testModel([{ url }], { id: "second" })],
    });
    await eventually(() => status(later, "second")).toBe(200);
    harness.write("keys.json", "{ broken");
    await eventually(() => harness.metric('gateway_reload_failures_total{file="keys"}')).toBe(1);
    expect(await status(later, MODEL)).toBe(200);
  });
});

describe("stopping", () => {
  test("unready at once, still serving for the grace, a stream ends whole, then closed", async () => {
    const { url } = await simulate({ tokensPerSecond: 50 });
    const harness = await boot({ targets: [{ url }], env: { GW_DRAIN_GRACE_MS: "5000" } });
    const response = await harness.chat({ stream: true, simulate: { tokens: 300 } });
    const text = response.text();
    const stopped = harness.gateway.stop();
    const ready = await fetch(`${harness.base}/readyz`);
    expect(ready.status).toBe(503);
    const late = await harness.chat({ max_tokens: 1 });
    expect(late.status).toBe(200);
    expect(late.headers.get("connection")).toBe("close");
    expect((await text).endsWith("data: [DONE]\n\n")).toBe(true);
    expect(await stopped).toBe(0);
    await expect(fetch(`${harness.base}/livez`)).rejects.toThrow();
    const ledger = harness.gateway.parts.ledger as unknown as { rows(): unknown[] };
    expect(ledger.rows()).toHaveLength(2);
  });

  test(
    "the real process: ready, SIGTERM, exit 0; a faulty setting: exit 2",
    async () => {
      const { url } = await simulate();
      const harness = await boot({ targets: [{ url }] });
      const main = path.join(import.meta.dirname, "../src/main.ts");
      const start = (env: Record<string, string>) =>
        spawn(process.execPath, [main], { env, stdio: ["ignore", "pipe", "inherit"] });
      const env = {
        GW_HOST: "127.0.0.1",
        GW_PORT: "0",
        GW_METRICS_PORT: "0",
        GW_TLS: "off",
        GW_SHARED_STORE: "memory",
        GW_DATABASE: "memory",
        GW_DRAIN_GRACE_MS: "0",
        GW_KEYS_FILE: path.join(harness.folder, "keys.json"),
        GW_ROUTES_FILE: path.join(harness.folder, "routes.json"),
      };
      const child = start(env);
      onEnd(() => child.kill("SIGKILL"));
      let output = "";
      child.stdout.on("data", (data) => {
        output += data;
      });
      // A busy machine takes long to start a process from its sources.
      await eventually(() => output, START_MS_MAX).toContain('"message":"ready"');
      const port = /"port":(\d+)/.exec(output)?.[1];
      const headers = { "content-type": "application/json", "x-api-key": harness.key };
      const body = JSON.stringify({ ...CHAT, max_tokens: 1 });
      const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
        method: "POST",
        headers,
        body,
      });
      expect(answer.status).toBe(200);
      await answer.text();
      child.kill("SIGTERM");
      // Not its exit, after which the last of its output may still be on its way.
      expect(await once(child, "close")).toEqual([0, null]);
      expect(output).toContain('"message":"stopped"');

      const faulty = start({ ...env, GW_PORT: "x", GW_NONSENSE: "1" });
      let said = "";
      faulty.stdout.on("data", (data) => {
        said += data;
      });
      expect(await once(faulty, "close")).toEqual([2, null]);
      expect(said).toMatch(/GW_PORT.*GW_NONSENSE/s);
    },
    2 * START_MS_MAX,
  );
});

test("health tells state, version and models, and needs no key", async () => {
  const { url } = await simulate();
  const harness = await boot({ targets: [{ url }] });
  const health = await (await fetch(`${harness.base}/health`)).json();
  expect(health).toMatchObject({ status: "healthy", providers: {}, models_count: 1 });
  expect((await fetch(`${harness.base}/health`, { method: "HEAD" })).status).toBe(200);
});
