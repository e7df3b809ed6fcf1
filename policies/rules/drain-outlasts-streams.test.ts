import { expect, test } from "vitest";
import { drainOutlastsStreams } from "./drain-outlasts-streams.ts";
import { judgeStack, UNKNOWN } from "./test-judge.ts";
import { container, DEPLOYMENT, deployment } from "./test-objects.ts";

function program(over: Record<string, unknown>, name: unknown = "gateway") {
  const props = deployment(over);
  const template = (props.spec as { template: { metadata: { labels: Record<string, unknown> } } })
    .template;
  template.metadata.labels = { "app.kubernetes.io/name": name };
  return { type: DEPLOYMENT, props };
}

function streaming(milliseconds: unknown) {
  return [container({ env: [{ name: "GW_STREAM_TIMEOUT_MS", value: milliseconds }] })];
}

async function faults(objects: ReturnType<typeof program>[], config = {}) {
  return (await judgeStack(drainOutlastsStreams, objects, config)).violations;
}

test("a pod that waits longer than the longest stream passes", async () => {
  expect(await faults([program({ terminationGracePeriodSeconds: 635 })])).toEqual([]);
  const containers = streaming("60000");
  expect(await faults([program({ terminationGracePeriodSeconds: 61, containers })])).toEqual([]);
});

test.each([
  ["equal is too short", { terminationGracePeriodSeconds: 600 }, "killed 600 s"],
  ["Kubernetes' default is too short", {}, "killed 30 s"],
  [
    "a time of the wrong form counts as none",
    { terminationGracePeriodSeconds: "635" },
    "killed 30 s",
  ],
  [
    "a wait before the stop eats the time",
    {
      terminationGracePeriodSeconds: 605,
      containers: [container({ lifecycle: { preStop: { sleep: { seconds: 10 } } } })],
    },
    "above 610",
  ],
])("%s", async (_, over, message) => {
  expect(await faults([program(over)])).toEqual([expect.stringContaining(message)]);
});

test("the gateway's own setting counts for the edge, too", async () => {
  const gateway = program({
    terminationGracePeriodSeconds: 2000,
    containers: streaming("1800000"),
  });
  const edge = program({ terminationGracePeriodSeconds: 700 }, "edge");
  expect(await faults([edge, gateway])).toEqual([expect.stringContaining("may last 1800 s")]);
});

test("the stack's configuration counts where no setting tells", async () => {
  const gateway = program({ terminationGracePeriodSeconds: 100 });
  expect(await faults([gateway], { longestStreamSeconds: 60 })).toEqual([]);
  expect(await faults([gateway], { longestStreamSeconds: 120 })).toHaveLength(1);
});

test("programs off the path of a stream may stop at once", async () => {
  expect(await faults([program({}, "redis"), program({}, null)])).toEqual([]);
  expect(await faults([program({}, "redis")], { programs: ["redis"] })).toHaveLength(1);
});

test("an unknown time is not evaluated, and the others are", async () => {
  const objects = [program({ terminationGracePeriodSeconds: UNKNOWN }), program({}, "edge")];
  const verdict = await judgeStack(drainOutlastsStreams, objects);
  expect([verdict.notEvaluated, verdict.violations.length]).toEqual([true, 1]);
});

test("an edge under another label is known by its image", async () => {
  const containers = [container({ image: "docker.io/library/nginx:1.29" })];
  const edge = program({ terminationGracePeriodSeconds: 30, containers }, "tool");
  expect((await faults([edge]))[0]).toContain("killed 30 s");
});

test("how long a stream may last is read in a map, and not guessed from a Secret", async () => {
  const given = (source: object) =>
    program({ terminationGracePeriodSeconds: 635, containers: [container({ envFrom: [source] })] });
  const map = {
    type: "kubernetes:core/v1:ConfigMap",
    props: {
      metadata: { name: "m", namespace: "deepseek" },
      data: { GW_STREAM_TIMEOUT_MS: "900000" },
    },
  };
  const found = await judgeStack(drainOutlastsStreams, [
    given({ configMapRef: { name: "m" } }),
    map,
  ]);
  expect(found.violations[0]).toContain("may last 900 s");
  const hidden = await judgeStack(drainOutlastsStreams, [given({ secretRef: { name: "s" } })]);
  expect([hidden.violations, hidden.notEvaluated]).toEqual([[], true]);
});
