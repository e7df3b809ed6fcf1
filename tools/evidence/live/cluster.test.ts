/** Inside a cluster: listeners behind forwarded ports, walls by trying, and what is said where none answers. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../pki/authority.ts";
import { nextLine } from "../../restore-test/record.ts";
import { Cluster } from "./cluster.ts";
import { collect, type Ground } from "./collect.ts";
import { proofOf, type Shown } from "./shown.ts";
import { fakeKubectl } from "./test-kubectl.ts";
import { judgeWalls, type Service, targetsOf } from "./walls-proof.ts";

/** Certificates are of today. */
const ASKED_NOW = { now: () => new Date() };
const NOW = new Date("2026-11-26T11:00:00Z");
const servers: net.Server[] = [];
const ports: Record<number, number> = {};
let folder: string;
let ca: string;

const listening = async (server: net.Server, podPort: number) => {
  servers.push(server);
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ports[podPort] = (server.address() as net.AddressInfo).port;
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "cluster-test-"));
  const authority = await createAuthority("a stack", 1);
  ca = authority.certificate;
  const names = { commonName: "x", dnsNames: ["gateway.deepseek.svc"] };
  const issued = await issueCertificate(authority, { ...names, usage: "server", days: 9 });
  const pair = { cert: issued.certificate, key: issued.key };
  await listening(tls.createServer({ ...pair, minVersion: "TLSv1.3" }), 8080);
  await listening(tls.createServer({ ...pair, minVersion: "TLSv1.2" }), 9464);
  // PostgreSQL's way: TLS after a question.
  const inside = tls.createServer({ ...pair, minVersion: "TLSv1.3" });
  inside.on("tlsClientError", () => {});
  await listening(
    net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        socket.write("S");
        inside.emit("connection", socket);
      });
    }),
    5432,
  );
  const location = "https://localhost/";
  const redirect = http.createServer((_, response) => response.writeHead(301, { location }).end());
  await listening(redirect, 8081);
  await listening(
    http.createServer((_, response) => response.end("plain words")),
    9100,
  );
});

afterAll(() => {
  for (const one of servers) one.close();
  rmSync(folder, { recursive: true, force: true });
});

const pod = (name: string, numbers: readonly number[], change: object = {}) => ({
  metadata: { namespace: "deepseek", name, labels: { "app.kubernetes.io/name": name } },
  spec: {
    containers: [{ name, ports: numbers.map((containerPort) => ({ containerPort })) }],
    ...change,
  },
  status: { phase: "Running" },
});

async function asked(cluster: Cluster | null, change: Partial<Ground> = {}) {
  const shown = await collect({
    outputs: { caCertificate: ca },
    ...{ cluster, withoutCluster: "no kubeconfig", namespaces: ["deepseek"], rendered: [] },
    ...{ floorDays: 184, auditorKey: null, restoreRecord: null },
    ...{ now: () => NOW, onStep: () => {} },
    ...change,
  });
  return (id: string): Shown => {
    const found = shown.find((one) => one.id === id);
    if (found === undefined) throw new Error(`nothing was said of ${id}`);
    return found;
  };
}

const clusterOf = (pods: readonly object[]) =>
  fakeKubectl(folder, { ports, objects: { pods, services: [] } });

test("every declared listener is asked, the ones of companions and PostgreSQL's as well", async () => {
  const companion = { name: "ship", restartPolicy: "Always", ports: [{ containerPort: 8081 }] };
  const once = { name: "prepare", ports: [{ containerPort: 9100 }] };
  const more = { initContainers: [companion, once] };
  const of = await asked(clusterOf([pod("gateway", [8080, 5432], more)]), ASKED_NOW);
  const inside = of("handshakes-inside");
  expect([inside.result, inside.findings]).toEqual(["pass", []]);
  expect(inside.figures).toMatchObject({
    ...{ listeners: 3, handshakes: 25, agreed: 6, "refused by an alert": 18 },
    "least days left of a certificate": expect.any(Number),
  });
});

test("a listener with TLS 1.2, one without TLS and one that is away are each told as they are", async () => {
  const of = await asked(
    clusterOf([pod("gateway", [9464]), pod("exporter", [9100, 9999])]),
    ASKED_NOW,
  );
  const inside = of("handshakes-inside");
  expect(inside.result).toBe("fail");
  expect(inside.findings).toEqual([
    ...["none", "known", "unknown"].map(
      (name) => `deepseek/gateway gateway 9464: agrees on TLSv1.2 (${name} server name)`,
    ),
    "deepseek/exporter exporter 9100: speaks no TLS and answers HTTP/1.1 200 OK",
    expect.stringMatching(/^deepseek\/exporter exporter 9999: no handshake: /),
  ]);
});

test("where nothing can be reached, everything is not evaluated and says why", async () => {
  const nothing = await asked(null, { outputs: null });
  const mute = await asked(fakeKubectl(folder, {}), { outputs: null });
  const nobody = new Cluster(
    { program: "/nowhere/kubectl", args: [], environment: {} },
    AbortSignal.timeout(9_000),
  );
  const lost = await asked(nobody, { outputs: null });
  const ids = ["handshakes-edge", "handshakes-inside", "audit-chain", "audit-kept", "alert-rules"];
  for (const id of [...ids, "alert-delivery", "network-policies", "filter-bank", "restore-test"]) {
    for (const of of [nothing, mute, lost]) {
      expect([id, of(id).result]).toEqual([id, "notEvaluated"]);
      expect(of(id).findings.join("")).toMatch(/\S/);
    }
  }
  expect(nothing("handshakes-inside").findings).toEqual(["no kubeconfig"]);
  expect(mute("handshakes-inside").findings[0]).toContain("doesn't have a resource type");
  expect(lost("handshakes-inside").findings[0]).toContain("ENOENT");
  expect(nothing("handshakes-edge").findings[0]).toContain("not deployed");
});

const service = (name: string, namespace: string, port: number): Service => ({
  metadata: { name, namespace },
  spec: { ports: [{ port }] },
});
const SERVICES = [
  service("redis", "deepseek", 6379),
  service("redis-metrics", "deepseek", 9121),
  service("model-a", "deepseek", 8000),
  service("prometheus", "monitoring", 9090),
  service("alertmanager", "monitoring", 9093),
  service("edge", "deepseek", 8443),
];

test("walls hold where allowed connections come about and forbidden ones do not", () => {
  const targets = targetsOf(SERVICES);
  const walls = (forbidden: string, allowed = "connected") => {
    const tried = targets.map((one) => ({ ...one, said: one.allowed ? allowed : forbidden }));
    return judgeWalls(NOW, "deepseek/gateway-0", targets, tried);
  };
  expect(targets.map(({ host, allowed }) => `${host} ${allowed}`)).toEqual([
    ...["redis.deepseek.svc true", "redis-metrics.deepseek.svc false"],
    "model-a.deepseek.svc true",
    ...["prometheus.monitoring.svc false", "alertmanager.monitoring.svc false"],
  ]);
  expect(walls("no answer")).toMatchObject({ result: "pass", findings: [] });
  expect(walls("ECONNREFUSED").result).toBe("pass");
  expect(walls("connected")).toMatchObject({ result: "fail" });
  expect(walls("connected").findings).toContainEqual(
    expect.stringContaining("not enforced: prometheus.monitoring.svc:9090"),
  );
  expect(walls("ENOTFOUND").result).toBe("notEvaluated");
  expect(walls("no answer", "ECONNREFUSED").findings[0]).toContain("refusals prove nothing");
  expect(judgeWalls(NOW, "x", [], []).result).toBe("notEvaluated");
});

test("connections are tried from the gateway's pod, and what nobody resolves proves nothing", async () => {
  const cluster = fakeKubectl(folder, {
    objects: { pods: [pod("gateway", [])], services: SERVICES },
  });
  const of = await asked(cluster, { namespaces: ["deepseek", "monitoring"] });
  const walls = of("network-policies");
  expect([walls.on, walls.result]).toEqual(["deepseek/gateway", "notEvaluated"]);
  expect((walls.raw as { tried: object[] }).tried).toHaveLength(5);
});

const RECORD = {
  ...{ what: "postgres", from: "archive of 2026-11-19", by: "operations" },
  ...{ begun: "2026-11-20T08:00:00Z", ended: "2026-11-20T08:12:30Z" },
  dataUntil: "2026-11-20T07:55:00Z",
  checks: [{ what: "rows of the ledger", expected: "1200", found: "1200" }],
};

test.each([
  ["a good one", RECORD, "pass", /^$/],
  [
    "other rows",
    { ...RECORD, checks: [{ what: "rows", expected: "9", found: "8" }] },
    "fail",
    /expected 9, found 8/,
  ],
  [
    "an old one",
    {
      ...RECORD,
      ended: "2025-11-20T08:12:30Z",
      begun: "2025-11-20T08:00:00Z",
      dataUntil: "2025-11-20T07:55:00Z",
    },
    "fail",
    /371 days old/,
  ],
  ["one that ended first", { ...RECORD, ended: "2026-11-20T07:59:00Z" }, "fail", /before it began/],
  ["one without checks", { ...RECORD, checks: [] }, "fail", /checks/],
  ["no JSON", "restored, all well", "fail", /object/],
])("of a restore's record: %s", async (_name, record, result, words) => {
  const restoreRecord = typeof record === "string" ? record : JSON.stringify(record);
  const shown = (await asked(null, { restoreRecord }))("restore-test");
  expect([shown.result, shown.findings.join("; ")]).toEqual([result, expect.stringMatching(words)]);
  if (result === "pass") {
    expect(shown.figures).toMatchObject({
      ...{ "days ago": 6, "seconds until restored": 750, "seconds of data lost": 300 },
    });
  }
});

test("the site's own records of restores are judged as a chain, and the last one counts", async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const state = mkdtempSync(path.join(folder, "records-"));
  const sealKey = path.join(state, "seal.pem");
  writeFileSync(sealKey, privateKey.export({ type: "pkcs8", format: "pem" }));
  const bad = { ...RECORD, checks: [{ what: "rows", expected: "9", found: "8" }] };
  const first = nextLine(bad, undefined, privateKey);
  const good = { ...RECORD, figures: { ledgerRows: 1_200 } };
  const lines = [first, nextLine(good, first, privateKey)];
  const environment = { RESTORE_STATE: state, RESTORE_SEAL_KEY_FILE: sealKey };
  const objects = { pods: [pod("restore-test", [])], services: [] };
  const shownOf = async (text: string) => {
    writeFileSync(path.join(state, "records.jsonl"), text);
    return (await asked(fakeKubectl(folder, { environment, objects })))("restore-test");
  };
  const shown = await shownOf(`${lines.join("\n")}\n`);
  expect([shown.result, shown.findings]).toEqual(["pass", []]);
  expect(shown.figures).toMatchObject({
    ...{ "tests on record": 2, "of them good": 1, "rows of the ledger": 1_200 },
  });
  // The bad one is taken out: what is left no longer follows anything.
  const cut = await shownOf(`${lines.slice(1).join("\n")}\n`);
  expect(cut.result).toBe("fail");
  expect(cut.findings.join("; ")).toContain("line 1 does not follow the line before it");
  // The last one failed: an older good one does not count.
  const last = nextLine(bad, lines[1], privateKey);
  expect(await shownOf(`${[...lines, last].join("\n")}\n`)).toMatchObject({
    result: "fail",
    findings: ["rows: expected 9, found 8"],
  });
  const none = await shownOf("");
  expect([none.result, none.findings.join()]).toEqual([
    "notEvaluated",
    expect.stringContaining("no record of a restore was handed in"),
  ]);
});

test("raw answers are files of their own, named by their hash", async () => {
  const of = await asked(clusterOf([pod("gateway", [8080])]));
  const { proof, file } = proofOf(of("handshakes-inside"));
  expect(proof.raw).toEqual({
    name: "evidence/handshakes-inside.json",
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(file?.text).toContain('"TLSv1.3"');
  expect(proofOf(of("handshakes-edge"))).toMatchObject({ proof: { raw: null }, file: null });
});
