import { expect, test } from "vitest";
import { noHostAccess } from "./no-host-access.ts";
import { judge, UNKNOWN } from "./test-judge.ts";
import { contained, container, DEPLOYMENT, deployment } from "./test-objects.ts";

async function faults(over: Record<string, unknown>, metadata = {}) {
  return (await judge(noHostAccess, DEPLOYMENT, deployment(over, metadata))).violations;
}

test("an ordinary pod passes", async () => {
  expect(await faults({ volumes: [{ name: "tmp", emptyDir: {} }], hostNetwork: false })).toEqual(
    [],
  );
  expect(
    await faults({ containers: [container({ ports: [{ containerPort: 8080, hostPort: 0 }] })] }),
  ).toEqual([]);
});

test("a volume that is a folder of a node is refused, a local one is not", async () => {
  const volume = (spec: object) =>
    judge(noHostAccess, "kubernetes:core/v1:PersistentVolume", { metadata: { name: "v" }, spec });
  expect((await volume({ hostPath: { path: "/" } })).violations.join()).toContain("path of a node");
  expect((await volume({ local: { path: "/disks/1" } })).violations).toEqual([]);
});

test("lists, patches and charts are no way around", async () => {
  const bad = { spec: { hostNetwork: true, containers: [container()] } };
  const template = { spec: { template: bad } };
  for (const [type, props] of [
    ["kubernetes:apps/v1:DeploymentList", { items: [template] }],
    ["kubernetes:apps/v1:DeploymentPatch", template],
    ["kubernetes:keda.sh/v1alpha1:ScaledJob", { spec: { jobTargetRef: { template: bad } } }],
    ["kubernetes:argoproj.io/v1alpha1:Rollout", template],
  ] as const) {
    expect((await judge(noHostAccess, type, props)).violations.join(), type).toContain(
      "hostNetwork",
    );
  }
  const chart = await judge(noHostAccess, "kubernetes:helm.sh/v3:Release", { chart: "x" });
  expect(chart.violations.join()).toContain("no pod specification");
});

test.each([
  [
    "a host process in one container",
    { containers: [contained({ windowsOptions: { hostProcess: true } })] },
    "is a host process",
  ],
  ["hostNetwork", { hostNetwork: true }, "sets hostNetwork"],
  ["hostPID", { hostPID: true }, "sets hostPID"],
  ["hostIPC", { hostIPC: true }, "sets hostIPC"],
  [
    "a host process",
    { securityContext: { windowsOptions: { hostProcess: true } } },
    "is a host process",
  ],
  ["a path of the node", { volumes: [{ name: "h", hostPath: { path: "/etc" } }] }, "mounts /etc"],
  ["a path without a path", { volumes: [{ name: "h", hostPath: {} }] }, "mounts a path"],
  ["a privileged container", { containers: [contained({ privileged: true })] }, "is privileged"],
  [
    "a privileged init container",
    { initContainers: [contained({ privileged: true })] },
    "init container main is privileged",
  ],
  [
    "a privileged ephemeral container",
    { ephemeralContainers: [contained({ privileged: true })] },
    "ephemeral container main is privileged",
  ],
  [
    "a port of the node",
    { containers: [container({ ports: [{ hostPort: 443 }] })] },
    "takes port 443",
  ],
  ["volumes without form", { volumes: {} }, "volumes is not a list"],
])("refuses %s", async (_, over, message) => {
  expect(await faults(over)).toEqual([expect.stringContaining(message)]);
});

test("a Pod and a DaemonSet are judged, a Service is not", async () => {
  const props = { metadata: { name: "p" }, spec: { hostNetwork: true, containers: [container()] } };
  expect((await judge(noHostAccess, "kubernetes:core/v1:Pod", props)).violations).toHaveLength(1);
  expect((await judge(noHostAccess, "kubernetes:core/v1:Service", props)).violations).toEqual([]);
});

test("no namespace is left out, known or not", async () => {
  expect(await faults({ hostNetwork: true }, { namespace: "deepseek-gpu" })).toHaveLength(1);
  const unknown = deployment({ hostNetwork: true }, { namespace: UNKNOWN });
  expect((await judge(noHostAccess, DEPLOYMENT, unknown)).violations).toHaveLength(1);
});

test("an unknown in one container does not hide another's fault", async () => {
  const containers = [contained({ privileged: UNKNOWN }), contained({ privileged: true })];
  const verdict = await judge(noHostAccess, DEPLOYMENT, deployment({ containers }));
  expect([verdict.notEvaluated, verdict.violations.length]).toEqual([true, 1]);
});
