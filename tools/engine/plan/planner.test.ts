/** Random graphs of resources, changed at random: what must hold for every plan. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { EngineEvent } from "../events.ts";
import { faultsOf, Harness, type TestProgram } from "../fixtures/test-harness.ts";

interface Node {
  readonly name: string;
  readonly value: number;
  readonly size: number;
  readonly fixed: boolean;
  /** Indices of earlier nodes; `strong` ones feed `size`, so that a replacement spreads. */
  readonly needs: readonly number[];
  readonly strong: readonly number[];
}

const graphs = (names: number) =>
  fc
    .array(
      fc.record({
        name: fc.integer({ min: 0, max: names - 1 }),
        value: fc.integer({ min: 0, max: 2 }),
        size: fc.integer({ min: 0, max: 2 }),
        fixed: fc.boolean(),
        needs: fc.array(fc.nat(20), { maxLength: 3 }),
        strong: fc.array(fc.nat(20), { maxLength: 1 }),
      }),
      { maxLength: 10 },
    )
    .map((nodes): Node[] => {
      // A name comes once, and its place in the order is fixed, so that two graphs can share it.
      const unique = [...new Map(nodes.map((node) => [node.name, node])).values()];
      unique.sort((a, b) => a.name - b.name);
      return unique.map((node, index) => ({
        ...node,
        name: `n${node.name}`,
        needs: index === 0 ? [] : [...new Set(node.needs.map((need) => need % index))],
        strong: index === 0 ? [] : node.strong.map((need) => need % index),
      }));
    });

/** Registers like the SDK: each node as soon as what it needs has answered. */
function programOf(nodes: readonly Node[]): TestProgram {
  return async (api) => {
    const done: Promise<{ urn: string; outputs: object }>[] = [];
    for (const node of nodes) {
      done.push(
        (async () => {
          const needs = await Promise.all(node.needs.map((index) => done[index]));
          const strong = await Promise.all(node.strong.map((index) => done[index]));
          const urns = [...needs, ...strong].flatMap((found) => (found ? [found.urn] : []));
          const from = strong[0]?.outputs as Record<string, string> | undefined;
          return api.thing(
            node.name,
            { value: node.value, size: from?.["address"] ?? node.size, fixed: node.fixed },
            {
              dependencies: [...new Set(urns)].sort(),
              propertyDependencies: strong[0] === undefined ? {} : { size: [strong[0].urn] },
            },
          );
        })(),
      );
    }
    await Promise.all(done);
  };
}

const shortName = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);

test("a graph is created in dependency order, and a second run is empty", async () => {
  await fc.assert(
    fc.asyncProperty(graphs(12), async (nodes) => {
      const h = new Harness();
      const result = await h.up(programOf(nodes));
      expect(result.errors).toEqual([]);
      expect(result.counts.create).toBe(nodes.length);
      const order = h.changes().map((change) => change.split(" ")[1]);
      nodes.forEach((node) => {
        for (const index of [...node.needs, ...node.strong]) {
          expect(order.indexOf(nodes[index]?.name)).toBeLessThan(order.indexOf(node.name));
        }
      });
      expect(faultsOf(h.store.snapshot)).toEqual([]);
      const again = await h.up(programOf(nodes));
      expect(again.counts).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
      expect(h.changes()).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test("any graph becomes any other; the plan says exactly what is then done", async () => {
  await fc.assert(
    fc.asyncProperty(
      graphs(12),
      graphs(12),
      fc.integer({ min: 1, max: 6 }),
      async (from, to, parallel) => {
        const h = new Harness();
        await h.up(programOf(from));
        h.changes();
        h.events.length = 0;
        const result = await h.up(programOf(to), { parallel });
        expect(result.errors).toEqual([]);
        const changes = h.changes();
        // Nothing is touched twice in the same way.
        expect(changes).toEqual([...new Set(changes)]);
        expectPlanKept(h.events);
        // The world holds what is wanted and nothing else.
        expect(Object.keys(h.byName()).sort()).toEqual(to.map((node) => node.name).sort());
        expect([...h.world.objects.keys()].sort()).toEqual(
          Object.values(h.byName())
            .map((state) => state.id ?? "")
            .sort(),
        );
        expect(h.resources().some((s) => s.delete || s.pendingReplacement)).toBe(false);
        expect(faultsOf(h.store.snapshot)).toEqual([]);
        const again = await h.up(programOf(to));
        expect(again.counts).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
        expect(h.changes()).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});

test("a destroy deletes in reverse dependency order", async () => {
  await fc.assert(
    fc.asyncProperty(graphs(12), async (nodes) => {
      const h = new Harness();
      await h.up(programOf(nodes));
      h.changes();
      const result = await h.destroy();
      expect(result.errors).toEqual([]);
      const order = h.changes().map((change) => change.split(" ")[1]);
      expect(order).toHaveLength(nodes.length);
      nodes.forEach((node) => {
        for (const index of [...node.needs, ...node.strong]) {
          expect(order.indexOf(nodes[index]?.name)).toBeGreaterThan(order.indexOf(node.name));
        }
      });
      expect(h.resources()).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

/** Steps of the update that the preview had not told, or told and then not done. */
function expectPlanKept(events: readonly EngineEvent[]): void {
  const end = events.findIndex((event) => event.type === "summary");
  const steps = (part: readonly EngineEvent[]) =>
    part
      .flatMap((event) => (event.type === "step-done" ? [event.step] : []))
      .map((step) => `${step.kind} ${shortName(step.urn)}`)
      .sort();
  const planned = steps(events.slice(0, end));
  const done = steps(events.slice(end + 1));
  if (done.length === 0) expect(planned.every((step) => step.startsWith("same"))).toBe(true);
  else expect(done).toEqual(planned);
}
