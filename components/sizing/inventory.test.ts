/** An inventory is believed where product, count and memory fit together. */
import { describe, expect, test } from "vitest";
import { type GpuInventory, stockOf } from "./inventory.ts";

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
