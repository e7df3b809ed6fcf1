/** An inventory is believed where product, count and memory fit together, and never planned over. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type GpuInventory, type GpuWish, placementOf, stockOf } from "./inventory.ts";

const BANK: GpuInventory = {
  product: "NVIDIA-A100-SXM4-80GB",
  nodes: 1,
  perNode: 8,
  memoryMebibytes: 81_920,
};
const faultsOf = (change: Partial<GpuInventory>) => {
  const result = stockOf({ ...BANK, ...change });
  return "faults" in result ? result.faults : [];
};

describe("a stock", () => {
  test.each([
    ["NVIDIA-A100-SXM4-80GB", 81_920, "a100-80", 8],
    ["NVIDIA-A100-SXM4-40GB", 40_960, "a100-40", 8],
    ["NVIDIA-A800-SXM4-80GB", 81_920, "a100-80", 8],
    ["NVIDIA-A100-80GB-PCIe", 81_920, "a100-80", 2],
    ["NVIDIA-A100-PCIE-40GB", 40_960, "a100-40", 2],
    ["NVIDIA-A800-80GB-PCIe", 81_559, "a100-80", 2],
  ])("of %s with %i MiB is planned as %s, %i to a layer", (product, memoryMebibytes, gpu, most) => {
    expect(stockOf({ ...BANK, product, memoryMebibytes })).toEqual({
      stock: { product, gpu, gpus: 8, tensorParallelMax: most },
    });
  });

  test.each<[Partial<GpuInventory>, RegExp]>([
    [{ product: "NVIDIA-H100-80GB-HBM3" }, /not of the A100's class/],
    [{ product: "NVIDIA-A10G" }, /not of the A100's class/],
    [{ product: "A100-SXM4-80GB" }, /not of the A100's class/],
    [{ product: "NVIDIA-A100-SXM4-80GB-SHARED" }, /time-sliced/],
    [{ product: "NVIDIA-A100-SXM4-80GB-MIG-3g.40gb" }, /a slice/],
    [{ memoryMebibytes: 40_960 }, /has 81920 MiB, and 40960/],
    [{ memoryMebibytes: 90_000 }, /has 81920 MiB, and 90000/],
    [{ nodes: 0 }, /^nodes: 0/],
    [{ perNode: 2.5 }, /^GPUs of a node: 2.5/],
    [{ perNode: 17 }, /^GPUs of a node: 17/],
  ])("is not believed with %j", (change, fault) => {
    expect(faultsOf(change)).toEqual([expect.stringMatching(fault)]);
  });

  test("has all of its faults told at once", () => {
    expect(faultsOf({ product: "NVIDIA-L40S", nodes: -1, perNode: 0 })).toHaveLength(3);
  });
});

const wish = (name: string, replicas: number, gpusPerPart: number, parts = 1): GpuWish => ({
  name,
  replicas,
  parts,
  gpusPerPart,
});

describe("a placement", () => {
  test("counts what is used and what is spare", () => {
    const wishes = [wish("finance", 2, 2), wish("chat", 1, 1)];
    expect(placementOf(BANK, wishes)).toEqual({ placement: { used: 5, free: 3 } });
  });

  test("says how much too much is planned, and for whom no node has room", () => {
    expect(placementOf(BANK, [wish("r1", 1, 8), wish("chat", 1, 1)])).toEqual({
      refusal: "9 GPUs are planned, and there are 8",
    });
    const two = { nodes: 2, perNode: 6 };
    expect(placementOf(two, [wish("a", 2, 4), wish("b", 1, 4)])).toEqual({
      refusal: "b wants 4 GPUs of one node, and nodes have 2, 2 left",
    });
    expect(placementOf({ nodes: 1, perNode: 8 }, [wish("two nodes", 1, 8, 2)])).toEqual({
      refusal: "16 GPUs are planned, and there are 8",
    });
  });

  const power = fc.constantFrom(1, 2, 4, 8);
  const wishes = fc.array(
    fc.record({
      name: fc.string(),
      replicas: fc.integer({ min: 0, max: 4 }),
      parts: fc.integer({ min: 1, max: 3 }),
      gpusPerPart: power,
    }),
    { maxLength: 6 },
  );

  test("is found for powers of two whenever the sum fits and no part is larger than a node", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), power, wishes, (nodes, perNode, wanted) => {
        const sum = wanted.reduce((total, w) => total + w.replicas * w.parts * w.gpusPerPart, 0);
        const whole = wanted.every((w) => w.replicas === 0 || w.gpusPerPart <= perNode);
        const result = placementOf({ nodes, perNode }, wanted);
        expect("placement" in result).toBe(sum <= nodes * perNode && whole);
      }),
    );
  });

  test("never uses more than there is", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 16 }),
        wishes,
        (nodes, perNode, wanted) => {
          const result = placementOf({ nodes, perNode }, wanted);
          if ("refusal" in result) return;
          const { used, free } = result.placement;
          expect(used + free).toBe(nodes * perNode);
          expect(free).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});
