import fc from "fast-check";
import { expect, test } from "vitest";
import { mebibytes } from "./quantity.ts";
import { frontOf, SHAPES } from "./shapes.ts";

const usual = { edge: "128Mi", gateway: "512Mi" };

test("the shapes of the deployment guide, and what their machines take", () => {
  expect(SHAPES.container).toMatchObject({ machines: 2, cores: 4, memoryGibibytes: 16, gpus: 0 });
  expect(SHAPES["bare-metal"]).toMatchObject({
    machines: 4,
    cores: 8,
    memoryGibibytes: 32,
    gpus: 2,
  });
  expect(SHAPES.hybrid).toEqual({ ...SHAPES["bare-metal"], cloudStandby: true });
  const front = (gatewaysPerMachine: number, nginxWorkers: number) => ({
    front: { gatewaysPerMachine, nginxWorkers },
  });
  expect(frontOf(SHAPES.container, usual)).toEqual(front(2, 2));
  expect(frontOf(SHAPES["bare-metal"], usual)).toEqual(front(4, 2));
});

test("what takes more than half of a machine is refused with the sum", () => {
  const { refusal } = frontOf(SHAPES.container, { ...usual, gateway: "8Gi" }) as {
    refusal: string;
  };
  expect(refusal).toContain("16512 MiB, and half of a machine is 8192 MiB");
});

test("a plan always leaves half of the memory and a quarter of four cores or more", () => {
  const size = fc.integer({ min: 1, max: 64 });
  fc.assert(
    fc.property(size, size, fc.integer({ min: 1, max: 128 }), (edge, gateway, cores) => {
      const shape = { ...SHAPES.container, cores };
      const plan = frontOf(shape, { edge: `${edge * 64}Mi`, gateway: `${gateway * 64}Mi` });
      const gateways = Math.max(1, Math.floor(cores / 2));
      const used = edge * 64 + gateways * gateway * 64;
      expect("refusal" in plan).toBe(used > mebibytes("8Gi"));
      if ("refusal" in plan) return;
      expect(plan.front.gatewaysPerMachine).toBe(gateways);
      if (cores >= 8) expect(gateways + plan.front.nginxWorkers).toBeLessThanOrEqual(cores * 0.75);
    }),
  );
});
