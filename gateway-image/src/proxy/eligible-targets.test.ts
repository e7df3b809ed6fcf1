/** Whatever routes, fallbacks and keys there are, nothing confined goes outside. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ManualClock } from "../base/test-clock.ts";
import { modelSchema, parseDocument, routesFileSchema } from "../documents.ts";
import { eligibleTargets, isOutside } from "./eligible-targets.ts";
import { PROVIDER_NAMES } from "./providers.ts";
import { RouteTable } from "./route-table.ts";

const target = fc.oneof(
  fc.constant({ url: "http://127.0.0.1:8000" }),
  fc.constantFrom(...PROVIDER_NAMES).map((provider) => ({ provider })),
);
const NAMES = ["a", "b", "c", "d"];
const models = fc
  .tuple(
    ...NAMES.map((id) =>
      fc.record({
        id: fc.constant(id),
        targets: fc.array(target, { minLength: 1, maxLength: 4 }),
        fallbacks: fc.subarray(NAMES.filter((name) => name !== id)),
        confidential: fc.boolean(),
      }),
    ),
  )
  .map((list) =>
    list.map((model) => modelSchema.parse({ ...model, contextLength: 1, capabilities: ["chat"] })),
  );

test("a confined call, and a call of a confidential model, has inside targets only", () => {
  fc.assert(
    fc.property(models, fc.boolean(), fc.subarray(PROVIDER_NAMES), (list, confined, on) => {
      const table = new RouteTable({ models: list }, new ManualClock());
      for (const asked of table.all()) {
        const { candidates } = eligibleTargets(asked, (name) => table.get(name), {
          confined,
          isOn: (provider) => on.includes(provider),
          isFit: () => true,
        });
        for (const { model, targets } of candidates) {
          const outside = targets.filter((health) => isOutside(health.target));
          if (confined || asked.model.confidential || model.confidential) {
            expect(outside).toEqual([]);
          }
          for (const { target: one } of outside) expect(on).toContain(one.provider);
        }
      }
    }),
  );
});

test("fallbacks come after the asked model, in their order, where they are fit", () => {
  const base = { contextLength: 1, capabilities: ["chat"], targets: [{ url: "http://a:1" }] };
  const list = [{ id: "a", fallbacks: ["c", "b"] }, { id: "b" }, { id: "c" }].map((model) =>
    modelSchema.parse({ ...base, ...model }),
  );
  const table = new RouteTable({ models: list }, new ManualClock());
  const asked = table.get("a");
  if (asked === undefined) throw new Error("no route");
  const names = (isFit: (id: string) => boolean) =>
    eligibleTargets(asked, (name) => table.get(name), {
      confined: true,
      isOn: () => true,
      isFit: ({ id }) => isFit(id),
    }).candidates.map(({ model }) => model.id);
  expect(names(() => true)).toEqual(["a", "c", "b"]);
  expect(names((id) => id === "b")).toEqual(["a", "b"]);
});

test.each([
  [{ confidential: true, targets: [{ provider: "openai" }] }, "confidential"],
  [{ fallbacks: ["nobody"] }, "there is no model nobody"],
  [{ fallbacks: ["m"] }, "itself"],
  [{ targets: [{ provider: "nobody" }] }, "provider"],
  [{ targets: [{}] }, "url or provider"],
])("a routes file with %j is refused", (change, fault) => {
  const model = {
    id: "m",
    contextLength: 1,
    capabilities: ["chat"],
    targets: [{ url: "http://a:1" }],
  };
  const text = JSON.stringify({ models: [{ ...model, ...change }] });
  expect(() => parseDocument(routesFileSchema, text, "routes")).toThrow(fault);
});
