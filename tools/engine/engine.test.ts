/** The genuine executor runs our fixture programs against the engine. */

import { describe, expect, test } from "vitest";
import { faultsOf } from "./fixtures/test-harness.ts";
import { ProgramHarness } from "./fixtures/test-program.ts";
import { isExecutorsOwn } from "./host/engine-service.ts";
import { isSecret, secret, UNKNOWN } from "./values.ts";

const PASSWORD = { value: "hunter2-and-more", secret: true };

describe("components, secrets, unknowns", () => {
  test("preview, up, nothing to do, change, destroy", async () => {
    const h = new ProgramHarness("basic");
    const plan = await h.with({ password: PASSWORD }).preview();
    expect(plan.errors).toEqual([]);
    expect(plan.counts).toMatchObject({ create: 6 });
    expect(plan.outputs["address"]).toBe(UNKNOWN);
    const planned = plan.steps.find((step) => step.name === "second");
    expect(planned?.inputs).toMatchObject({ value: UNKNOWN, password: "[secret]" });

    const made = await h.with({ password: PASSWORD }).up();
    expect(made.errors).toEqual([]);
    expect(isSecret(made.outputs["hidden"])).toBe(true);
    expect(made.outputs["echoed"]).toEqual({ token: "test:index:echo", echoed: { a: 1 } });
    const { first, second, third } = {
      first: h.byName()["web-first"],
      second: h.byName()["second"],
      third: h.byName()["third"],
    };
    expect(first?.urn).toBe("urn:pulumi:dev::basic::test:index:Group$test:index:Thing::web-first");
    expect(second?.inputs?.["value"]).toBe(`sees at-${first?.id}`);
    expect(second?.propertyDependencies).toEqual({ value: [first?.urn], password: [] });
    expect(second?.inputs?.["password"]).toEqual(secret("hunter2-and-more"));
    expect(third?.provider).toMatch(/test::explicit::[0-9a-f-]{36}$/);
    expect(h.byName()["web"]?.outputs).toEqual({ address: `at-${first?.id}` });
    expect(faultsOf(h.store.snapshot)).toEqual([]);
    expect(JSON.stringify(h.events)).not.toContain("hunter2-and-more");

    const saves = h.store.saves;
    const again = await h.with({ password: PASSWORD }).up();
    expect(again.counts).toEqual({ create: 0, update: 0, replace: 0, delete: 0, same: 6 });
    expect(h.store.saves).toBe(saves);

    const changed = await h.with({ password: PASSWORD, value: "two" }).up();
    expect(changed.counts).toMatchObject({ update: 1, same: 5 });

    const gone = await h.with({ password: PASSWORD }).destroy();
    expect(gone.counts.delete).toBe(6);
    expect(h.world.objects.size).toBe(0);
  });
});

describe("options", () => {
  const stackOutputs = async (name: string) =>
    name === "organization/basic/dev" ? { address: "elsewhere" } : undefined;

  test("transforms, aliases, StackReference, get, inherited providers", async () => {
    const h = new ProgramHarness("options");
    h.world.objects.set("foreign-id", { value: "theirs" });
    const result = await h.with({}, { stackOutputs }).up();
    expect(result.errors).toEqual([]);
    const local = h.byName()["local"];
    expect(local?.inputs).toMatchObject({
      value: "elsewhere",
      tagged: "by the stack",
      own: "by the resource",
    });
    expect(local?.customTimeouts).toEqual({ create: 90 });
    expect(local?.dependencies).toHaveLength(2);
    expect(h.byName()["before-first"]?.provider).toContain("::special::");
    expect(h.byName()["foreign"]).toMatchObject({ external: true, id: "foreign-id" });
    expect(result.outputs).toMatchObject({
      value: "elsewhere",
      foreign: "at-foreign-id",
      echo: { echoed: { plain: "x", transformed: true } },
    });
    expect(JSON.stringify(h.events)).not.toMatch(/s3cret-value|inner-secret/);
    const reference = h.resources().find((s) => s.type === "pulumi:pulumi:StackReference");
    expect(reference?.provider).toContain("pulumi:providers:pulumi::default::");
    expect(faultsOf(h.store.snapshot)).toEqual([]);

    const renamed = await h.with({ renamed: "true" }, { stackOutputs }).up();
    expect(renamed.errors).toEqual([]);
    expect(renamed.counts).toMatchObject({ create: 0, delete: 0, replace: 0 });
    expect(Object.keys(h.byName())).toContain("after-first");
    expect(faultsOf(h.store.snapshot)).toEqual([]);
    const quiet = await h.with({ renamed: "true" }, { stackOutputs }).up();
    expect(quiet.counts).toMatchObject({ create: 0, update: 0, delete: 0, replace: 0 });
  });

  test("a function is turned into text with what it captures, which V8 is asked for", async () => {
    const h = new ProgramHarness("options");
    h.world.objects.set("foreign-id", {});
    const result = await h.with({ turned: "true" }, { stackOutputs }).up();
    expect(result.errors).toEqual([]);
    expect(result.outputs["functionText"]).toMatch(/captured: 3/);
  });

  test("a StackReference to a stack that is not there is named", async () => {
    const h = new ProgramHarness("options");
    h.world.objects.set("foreign-id", {});
    await expect(h.with({}).up()).rejects.toThrow(/no stack organization\/basic\/dev/);
  });
});

test("an exception of the executor alone is told from one of the program", () => {
  const head = "Running program '/p/index.ts' failed with an unhandled exception:\n";
  const executor =
    "TypeError: x\n    at process.handler (/p/node_modules/@pulumi/pulumi/run.js:1:2)";
  const own = "\n    at \u001b[31mmake (/p/stacks/index.ts:3:4)\u001b[39m";
  expect(isExecutorsOwn(head + executor)).toBe(true);
  expect(isExecutorsOwn(`${head}<ref *1> Error: Channel has been shut down`)).toBe(true);
  expect(isExecutorsOwn(head + executor + own)).toBe(false);
  expect(isExecutorsOwn("a bucket has no name")).toBe(false);
});

describe("faults of a program", () => {
  const faults: [string, RegExp][] = [
    ["throw", /the program made a mistake/],
    ["exit", /the program failed/],
    ["remote", /remote \(multi-language\) components/],
    ["import", /the option `import`/],
    ["hooks", /does not support resource hooks/],
    ["package", /no Pulumi provider for "gcp"/],
    ["check", /bad: must not be/],
  ];

  test.each(faults)("%s: is told, and nothing is changed", async (kind, text) => {
    const h = new ProgramHarness("faults");
    const result = await h
      .with({ kind })
      .up()
      .then(
        ({ ok, errors }) => `${ok} ${errors.join("\n")}`,
        (error: Error) => `false ${error.message}`,
      );
    expect(result).toMatch(text);
    expect(result).toMatch(/^false/);
    expect(h.world.objects.size).toBe(0);
    expect(h.store.snapshot).toBeUndefined();
  });

  test("a failed create ends a running program and keeps what was made", async () => {
    const h = new ProgramHarness("faults");
    const result = await h.with({ kind: "create" }).up();
    expect(result.errors).toEqual(["test:index:Thing b: the world refused to create"]);
    expect(h.world.objects.size).toBe(h.byName()["a"] === undefined ? 0 : 1);
  });

  test("an interrupt ends a program that would never end by itself", async () => {
    const h = new ProgramHarness("faults");
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 2_000);
    const started = Date.now();
    const result = h.with({ kind: "hang" }, { signal: stop.signal }).up();
    await expect(result).rejects.toThrow(/interrupted/);
    expect(Date.now() - started).toBeLessThan(20_000);
  });
});
