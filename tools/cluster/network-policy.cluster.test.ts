/**
 * NetworkPolicy is real on this cluster: every claim is shown by pods that try to connect, directly
 * and through a Service. A forbidden connection times out; an allowed one returns the server's text.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestCluster, eventually, type TestCluster, testerPod } from "./test-cluster.ts";

/** The rules must hold within a second of a change (the agent needs some ten milliseconds). */
const RULES_MS = 1_000;
const SERVER = [8080, 9090]
  .map((port) => `(while :; do echo hello-${port} | nc -l -p ${port} >/dev/null; done) &`)
  .join(" ");

let cluster: TestCluster;
const addresses = new Map<string, string>();

beforeAll(async () => {
  cluster = await createTestCluster();
  const namespace = (name: string, labels: Record<string, string>) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels },
  });
  await cluster.apply(
    namespace("blue", { team: "blue" }),
    namespace("green", { team: "green" }),
    ...["blue", "green"].flatMap((name) => [
      testerPod(cluster.tester, "server", {
        namespace: name,
        labels: { app: "server" },
        script: `${SERVER} wait`,
        ports: [{ name: "web", containerPort: 8080 }],
      }),
      testerPod(cluster.tester, "client", { namespace: name, labels: { app: "client" } }),
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "server", namespace: name },
        spec: { selector: { app: "server" }, ports: [{ port: 80, targetPort: 8080 }] },
      },
    ]),
  );
  for (const name of ["blue", "green"]) {
    await cluster.kubectl(
      "-n",
      name,
      "wait",
      "--for=condition=Ready",
      "pod",
      "--all",
      "--timeout=60s",
    );
    for (const pod of ["server", "client"]) {
      addresses.set(
        `${name}/${pod}`,
        await cluster.kubectl("-n", name, "get", "pod", pod, "-o", "jsonpath={.status.podIP}"),
      );
    }
  }
});

afterAll(async () => {
  await cluster?.remove();
});

/** What the client pod of a namespace reads from an address; "" when nothing came. */
async function read(from: string, host: string, port: number): Promise<string> {
  const [namespace = "", pod = ""] = from.split("/");
  const command = ["-n", namespace, "exec", pod, "--", "sh", "-c"];
  const script = `nc -w 1 ${host} ${port} </dev/null 2>/dev/null || true`;
  return (await cluster.tryKubectl([...command, script])).stdout.trim();
}

async function connects(from: string, to: string, port = 8080): Promise<boolean> {
  return (await read(from, addresses.get(to) ?? to, port)) === `hello-${port}`;
}

/** Both answers at once: a test of the forbidden alone would also pass with no network at all. */
async function expectConnections(wanted: Record<string, boolean>): Promise<void> {
  const found: Record<string, boolean> = {};
  for (const flow of Object.keys(wanted)) {
    const [from = "", to = ""] = flow.split(" > ");
    const [target = "", port = "8080"] = to.split(":");
    found[flow] = await connects(from, target, Number(port));
  }
  expect(found).toEqual(wanted);
}

function policy(namespace: string, name: string, spec: object): object {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace },
    spec,
  };
}

async function withPolicies(objects: object[], work: () => Promise<void>): Promise<void> {
  await cluster.apply(...objects);
  try {
    await work();
  } finally {
    await cluster.kubectl("delete", "networkpolicy", "--all", "-n", "blue", "--wait");
    await cluster.kubectl("delete", "networkpolicy", "--all", "-n", "green", "--wait");
  }
}

describe("network policies", () => {
  test("without one, pods reach each other directly, by Service and by name", async () => {
    await expectConnections({
      "blue/client > blue/server": true,
      "green/client > blue/server": true,
      "blue/client > blue/server:9090": true,
    });
    expect(await read("blue/client", "server", 80)).toBe("hello-8080");
    expect(await read("blue/client", "server.green.svc.cluster.local", 80)).toBe("hello-8080");
  });

  test("default deny of ingress holds, and egress to others stays free", async () => {
    await withPolicies(
      [policy("blue", "deny", { podSelector: {}, policyTypes: ["Ingress"] })],
      async () => {
        await expectConnections({
          "blue/client > blue/server": false,
          "green/client > blue/server": false,
          "blue/client > green/server": true,
        });
        expect(await read("green/client", "server.blue.svc.cluster.local", 80)).toBe("");
      },
    );
  });

  test("egress none: no pod, no name, no node, no API server", async () => {
    const node = cluster.nodeAddress;
    const none = policy("blue", "none", {
      podSelector: { matchLabels: { app: "client" } },
      policyTypes: ["Egress"],
    });
    await withPolicies([none], async () => {
      await expectConnections({
        "blue/client > blue/server": false,
        "blue/client > green/server": false,
        "green/client > blue/server": true,
      });
      const tries = [
        "nslookup server",
        `nc -w 1 ${node} 6443 </dev/null`,
        `nc -w 1 ${node} 10250 </dev/null`,
      ];
      for (const script of tries) {
        const result = await cluster.tryKubectl([
          "-n",
          "blue",
          "exec",
          "client",
          "--",
          "sh",
          "-c",
          `timeout 3 ${script}`,
        ]);
        expect({ script, failed: result.code !== 0 }).toEqual({ script, failed: true });
      }
    });
    const reach = [
      "-n",
      "blue",
      "exec",
      "client",
      "--",
      "sh",
      "-c",
      `nc -w 2 ${node} 6443 </dev/null`,
    ];
    expect((await cluster.tryKubectl(reach)).code).toBe(0);
  });

  test("namespace selectors, pod selectors and ports decide together", async () => {
    const allow = policy("blue", "allow", {
      podSelector: { matchLabels: { app: "server" } },
      ingress: [
        {
          from: [
            {
              namespaceSelector: { matchLabels: { team: "green" } },
              podSelector: { matchLabels: { app: "client" } },
            },
          ],
          ports: [{ port: "web" }],
        },
      ],
    });
    await withPolicies([allow], async () => {
      await expectConnections({
        "green/client > blue/server": true,
        "green/client > blue/server:9090": false,
        "green/server > blue/server": false,
        "blue/client > blue/server": false,
      });
      // A Service's port is not the pod's: the decision falls after the translation.
      expect(await read("green/client", "server.blue.svc.cluster.local", 80)).toBe("hello-8080");
    });
  });

  test("address blocks with holes, port ranges and DNS by label", async () => {
    const node = cluster.nodeAddress;
    const allow = policy("blue", "egress", {
      podSelector: { matchLabels: { app: "client" } },
      policyTypes: ["Egress"],
      egress: [
        {
          to: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
              podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
            },
          ],
          ports: [{ port: 53, protocol: "UDP" }],
        },
        {
          to: [
            {
              ipBlock: {
                cidr: node.replace(/\d+$/, "0/24"),
                except: [`${addresses.get("green/server")}/32`],
              },
            },
          ],
          ports: [{ port: 8000, endPort: 8100 }],
        },
      ],
    });
    await withPolicies([allow], async () => {
      await expectConnections({
        "blue/client > blue/server": true,
        "blue/client > blue/server:9090": false,
        "blue/client > green/server": false,
      });
      expect(await read("blue/client", "server", 80)).toBe("hello-8080");
    });
  });

  test("a label changed on a running pod counts within a second", async () => {
    const allow = policy("blue", "trusted", {
      podSelector: { matchLabels: { app: "server" } },
      ingress: [{ from: [{ podSelector: { matchLabels: { trusted: "yes" } } }] }],
    });
    await withPolicies([allow], async () => {
      await expectConnections({ "blue/client > blue/server": false });
      await cluster.kubectl("-n", "blue", "label", "pod", "client", "trusted=yes");
      // One try may hang in its time-out of a second: what counts is when it first succeeds.
      const elapsed = await eventually(() => connects("blue/client", "blue/server"), Boolean);
      expect(elapsed).toBeLessThan(RULES_MS + 1_500);
      await cluster.kubectl("-n", "blue", "label", "pod", "client", "trusted-");
      await eventually(
        () => connects("blue/client", "blue/server"),
        (open) => !open,
      );
    });
  });

  test("probes of the node pass a default deny, and no container runs before its rules", async () => {
    const deny = policy("green", "deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    await withPolicies([deny], async () => {
      const script = `nc -w 1 ${addresses.get("blue/server")} 8080 </dev/null > /tmp/first; ${SERVER} wait`;
      const pod = testerPod(cluster.tester, "probed", { namespace: "green", script }) as {
        spec: { containers: Record<string, unknown>[] };
      };
      Object.assign(pod.spec.containers[0] ?? {}, {
        readinessProbe: { tcpSocket: { port: 9090 }, periodSeconds: 1 },
      });
      await cluster.apply(pod);
      await cluster.kubectl(
        "-n",
        "green",
        "wait",
        "--for=condition=Ready",
        "pod/probed",
        "--timeout=60s",
      );
      expect(
        await cluster.kubectl("-n", "green", "exec", "probed", "--", "cat", "/tmp/first"),
      ).toBe("");
      await cluster.kubectl("-n", "green", "delete", "pod", "probed", "--now");
    });
  });
});
