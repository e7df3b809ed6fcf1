import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { drainOf } from "../../components/sizing/drain.ts";
import { edgeFiles } from "./edge-files.ts";
import { gatewayFiles } from "./gateway-files.ts";
import type { MachineFile } from "./machine-files.ts";
import { type TestFront, testFront } from "./test-front.ts";
import { unitFile, variable } from "./unit-file.ts";
import type { Workload } from "./workload.ts";

let front: TestFront;
beforeAll(async () => {
  front = await testFront("bare-metal", true);
});

function file(end: string, files: readonly MachineFile[] = front.files): string {
  const found = files.find((one) => one.path.endsWith(end));
  if (found === undefined) throw new Error(`no file ${end}`);
  return found.content;
}

/** Every value of a setting, in order. */
function settings(unit: string, name: string): string[] {
  return file(unit)
    .split("\n")
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1));
}

const EDGE = "deepseek-edge.service";
const GATEWAY = "deepseek-gateway@.service";

describe("a machine's files", () => {
  test("are units, configuration and secrets apart, which only root may read", () => {
    const secret = front.files.filter(({ mode }) => mode === 0o600).map((one) => one.path);
    expect(secret.length).toBeGreaterThan(8);
    for (const one of secret) expect(one).toContain("/secrets/");
    const open = front.files.filter(({ mode }) => mode !== 0o600);
    for (const one of open) expect(one.content).not.toMatch(/PRIVATE KEY/);
  });

  test("hold no secret unless asked, and then say which are needed", async () => {
    const { files } = await testFront("bare-metal", false);
    expect(files.filter((one) => one.path.includes("/secrets/"))).toEqual([]);
    const shown = front.files.filter((one) => one.path.includes("/secrets/"));
    for (const one of shown) expect(file("README.md", files)).toContain(`/${one.path}`);
  });

  test("have as many gateways as the machine has room for, and the edge knows them all", async () => {
    const ports = (text: string) =>
      [...text.matchAll(/server 127\.0\.0\.1:(\d+)/g)].map((m) => m[1]);
    expect(ports(file("nginx.conf"))).toEqual(["8081", "8082", "8083", "8084"]);
    expect(file("instance-4.env")).toBe("GW_PORT=8084\nGW_METRICS_PORT=9468\n");
    const { files } = await testFront("container", true);
    expect(ports(file("nginx.conf", files))).toEqual(["8081", "8082"]);
    expect(file("deepseek-gateways.target", files)).toContain(
      "Wants=deepseek-gateway@1.service deepseek-gateway@2.service\n",
    );
  });

  test("name every other program that must be found", () => {
    for (const host of ["redis", "postgres", "model-deepseek-llm-7b-chat"]) {
      expect(file("README.md")).toContain(`\`${host}.deepseek.svc\``);
    }
  });
});

test("stores behind sentinels are found by the sentinels' names", () => {
  const { hosts } = gatewayFiles(
    {
      ...{ replicas: 2, terminationSeconds: 30, memory: "512Mi", args: [], mounts: [] },
      environment: new Map([
        ["GW_REDIS_SENTINELS", "a.deepseek.svc:26379,b.deepseek.svc:26379"],
        ["GW_POSTGRES_HOST", "postgres.deepseek.svc"],
      ]),
    },
    1,
  );
  expect(hosts).toEqual(["a.deepseek.svc", "b.deepseek.svc", "postgres.deepseek.svc"]);
});

describe("each service", () => {
  test.each([EDGE, GATEWAY])("%s stands within walls and comes back", (unit) => {
    expect(settings(unit, "NoNewPrivileges")).toEqual(["yes"]);
    expect(settings(unit, "ProtectSystem")).toEqual(["strict"]);
    expect(settings(unit, "Restart")).toEqual(["always"]);
    expect(settings(unit, "User")[0]).toMatch(/^deepseek-/);
  });

  test("may do what it needs and no more", () => {
    expect(settings(EDGE, "CapabilityBoundingSet")).toEqual(["CAP_NET_BIND_SERVICE"]);
    expect(settings(GATEWAY, "CapabilityBoundingSet")).toEqual([""]);
    expect(settings(EDGE, "MemoryMax")).toEqual(["128M"]);
    expect(settings(GATEWAY, "MemoryMax")).toEqual(["512M"]);
  });

  test("has as long to stop as in a pod", () => {
    const { edge, gateway } = drainOf(600);
    expect(settings(EDGE, "TimeoutStopSec")).toEqual([`${edge.terminationSeconds}s`]);
    expect(settings(GATEWAY, "TimeoutStopSec")).toEqual([`${gateway.terminationSeconds}s`]);
    expect(settings(EDGE, "KillSignal")).toEqual(["SIGQUIT"]);
  });

  test("finds every file that it is told of", () => {
    const there = new Set(front.files.map((one) => `/${one.path}`));
    const credentials = settings(GATEWAY, "LoadCredential").map((one) => one.split(":"));
    for (const [, from = ""] of credentials) expect(there).toContain(from);
    const names = credentials.map(([name]) => name);
    const told = settings(GATEWAY, "Environment").map((one) => one.slice(1, -1).split("="));
    const files = told.filter(([name = ""]) => name.endsWith("_FILE"));
    expect(files.length).toBeGreaterThan(8);
    for (const [name, value = ""] of files) {
      const known = value.startsWith("%d/") ? names.includes(value.slice(3)) : there.has(value);
      expect(known, `${name}=${value}`).toBe(true);
    }
    const nginx = [...file("nginx.conf").matchAll(/(\/(?:etc|run)\/\S+);/g)].map(
      ([, one = ""]) => one,
    );
    expect(nginx.length).toBeGreaterThan(2);
    const own = settings(EDGE, "LoadCredential").map((one) => one.split(":")[0]);
    for (const one of nginx) {
      expect(own, one).toContain(one.replace(/^\/run\/credentials\/deepseek-edge\.service\//, ""));
    }
  });

  test("is told by names that the gateway has", () => {
    const schema = readFileSync(
      path.resolve(import.meta.dirname, "../../gateway-image/config.schema.json"),
      "utf8",
    );
    for (const one of settings(GATEWAY, "Environment")) {
      const [name = ""] = one.slice(1).split("=");
      if (name.startsWith("GW_")) expect(schema).toContain(`"${name}"`);
    }
  });
});

describe("secrets of callers' certificates and of providers", () => {
  test("are credentials, too; a folder of keys keeps its names", async () => {
    const { files } = await testFront("container", true, {
      "deepseek:outside": {
        ranges: ["203.0.113.0/24"],
        ports: [443],
        providerKeys: { openai: "sk-of-the-provider" },
      },
    });
    const unit = file(GATEWAY, files);
    expect(unit).toContain('Environment="GW_PROVIDERS_FOLDER=%d"\n');
    expect(unit).toContain("LoadCredential=openai:/etc/deepseek/gateway/secrets/openai\n");
    expect(file("gateway/secrets/openai", files)).toBe("sk-of-the-provider");
  });
});

describe("texts", () => {
  test("of variables cannot end their quotes or begin a specifier", () => {
    expect(variable("A", 'x" y\\')).toEqual(["Environment", '"A=x\\" y\\\\"']);
    const unit = { comment: "c\nd", unit: [["Description", "x"]], install: [] } as const;
    expect(unitFile(unit)).toBe("# c\n# d\n\n[Unit]\nDescription=x\n\n[Install]\n");
  });

  test("of an nginx.conf that is not the pod's are refused", () => {
    const workload: Workload = {
      ...{ replicas: 1, terminationSeconds: 30, memory: "128Mi", args: [] },
      environment: new Map(),
      mounts: [
        {
          ...{ path: "/etc/nginx/configuration", kind: "ConfigMap", object: "edge-configuration" },
          files: new Map([["nginx.conf", "worker_processes 2;\n"]]),
        },
      ],
    };
    expect(() => edgeFiles(workload, { workers: 2, gatewayPorts: [8081] })).toThrow(/rlimit/);
    expect(() => edgeFiles({ ...workload, mounts: [] }, { workers: 2, gatewayPorts: [] })).toThrow(
      /no nginx\.conf/,
    );
  });
});
