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

test.each([
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
