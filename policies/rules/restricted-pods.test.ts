import { expect, test } from "vitest";
import { restrictedPods } from "./restricted-pods.ts";
import { judge, UNKNOWN } from "./test-judge.ts";
import { contained, container, DEPLOYMENT, deployment, podSpec } from "./test-objects.ts";

async function faults(props: Record<string, unknown>, type = DEPLOYMENT, config = {}) {
  return (await judge(restrictedPods, type, props, config)).violations;
}

test("a restricted pod passes, in every type that has one", async () => {
  expect(await faults(deployment())).toEqual([]);
  expect(await faults({ metadata: {}, spec: podSpec() }, "kubernetes:core/v1:Pod")).toEqual([]);
  const template = { template: { spec: podSpec() } };
  const cron = { spec: { jobTemplate: { spec: template } } };
  expect(await faults(cron, "kubernetes:batch/v1:CronJob")).toEqual([]);
  expect(await faults({ data: {} }, "kubernetes:core/v1:ConfigMap")).toEqual([]);
});

test.each([
  ["root by number", { runAsUser: 0 }, "runs as root"],
  ["root allowed", { runAsNonRoot: false }, "may run as root"],
  ["escalation", { allowPrivilegeEscalation: true }, "may gain privileges"],
  ["escalation left open", { allowPrivilegeEscalation: undefined }, "may gain privileges"],
  ["a writable root", { readOnlyRootFilesystem: false }, "can write its root file system"],
  ["capabilities kept", { capabilities: {} }, "keeps Linux capabilities"],
  [
    "a capability added",
    { capabilities: { drop: ["ALL"], add: ["SYS_ADMIN"] } },
    "adds the capability SYS_ADMIN",
  ],
  ["no seccomp", { seccompProfile: { type: "Unconfined" } }, "has no seccomp profile"],
  ["AppArmor lifted", { appArmorProfile: { type: "Unconfined" } }, "lifts AppArmor"],
  ["an SELinux domain", { seLinuxOptions: { type: "spc_t" } }, "chooses its SELinux domain"],
  ["an SELinux role", { seLinuxOptions: { role: "sysadm_r" } }, "chooses its SELinux domain"],
  ["procMount", { procMount: "Unmasked" }, "unmasked /proc"],
])("refuses %s", async (_, context, message) => {
  const found = await faults(deployment({ containers: [contained(context)] }));
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(message);
  expect(found[0]).toContain("Deployment gateway, container main");
});

test("NET_BIND_SERVICE may be added", async () => {
  const capabilities = { drop: ["ALL"], add: ["NET_BIND_SERVICE"] };
  expect(await faults(deployment({ containers: [contained({ capabilities })] }))).toEqual([]);
});

test("init and ephemeral containers are judged as well", async () => {
  const bad = contained({ allowPrivilegeEscalation: true });
  const found = await faults(deployment({ initContainers: [bad], ephemeralContainers: [bad] }));
  expect(found.map((one) => one.split(" main")[0])).toEqual([
    "Deployment gateway, init container",
    "Deployment gateway, ephemeral container",
  ]);
});

test("missing security contexts are every fault at once", async () => {
  const { securityContext: _, ...bare } = container();
  const found = await faults(deployment({ securityContext: undefined, containers: [bare] }));
  expect(found).toHaveLength(5);
});

test("volumes and sysctls outside the standard are refused", async () => {
  const volumes = [
    { name: "a", emptyDir: {} },
    { name: "b", nfs: { server: "x" } },
  ];
  const securityContext = {
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
    sysctls: [{ name: "kernel.msgmax", value: "1" }],
  };
  const found = await faults(deployment({ volumes, securityContext }));
  expect(found).toEqual([
    expect.stringContaining("sysctl kernel.msgmax"),
    expect.stringContaining("volume of type nfs"),
  ]);
});

test("an unknown value is not evaluated, and the rest still is", async () => {
  const containers = [
    contained({ runAsUser: UNKNOWN }),
    contained({ privileged: false, procMount: "Unmasked" }),
  ];
  const verdict = await judge(restrictedPods, DEPLOYMENT, deployment({ containers }));
  expect(verdict.notEvaluated).toBe(true);
  expect(verdict.violations).toEqual([expect.stringContaining("unmasked /proc")]);
  const named = await judge(restrictedPods, DEPLOYMENT, deployment({}, { name: UNKNOWN }));
  expect(named).toMatchObject({ violations: [], notEvaluated: false });
});

test("what has no form is refused, not skipped", async () => {
  expect(await faults({ metadata: { name: "x" } })).toEqual([
    expect.stringContaining("no pod specification"),
  ]);
  expect(await faults(deployment({ containers: "main" }))).toEqual([
    expect.stringContaining("containers is not a list"),
  ]);
  expect(await faults(deployment({ containers: [null] }))).toEqual([
    expect.stringContaining("containers[0] is no container"),
  ]);
  expect(await faults(deployment({ containers: undefined }))).toEqual([
    expect.stringContaining("has no containers"),
  ]);
});

test("no namespace is left out: exemptions are rows with an end", async () => {
  const bad = { containers: [contained({ allowPrivilegeEscalation: true })] };
  expect(await faults(deployment(bad, { namespace: "deepseek-gpu" }))).toHaveLength(1);
});

test("pods of a group and of Ray are judged as well", async () => {
  const template = {
    spec: podSpec({ containers: [contained({ privileged: false, runAsUser: 0 })] }),
  };
  const group = {
    metadata: { name: "g" },
    spec: { leaderWorkerTemplate: { leaderTemplate: template, workerTemplate: template } },
  };
  const ray = {
    metadata: { name: "r" },
    spec: {
      rayClusterConfig: {
        headGroupSpec: { template },
        workerGroupSpecs: [{ template }, { template }],
      },
    },
  };
  expect(
    await faults(group, "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet"),
  ).toHaveLength(2);
  expect(await faults(ray, "kubernetes:ray.io/v1:RayService")).toHaveLength(3);
  const bare = { metadata: { name: "g" }, spec: {} };
  expect(await faults(bare, "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet")).toEqual([
    expect.stringContaining("no pod specification"),
  ]);
});
