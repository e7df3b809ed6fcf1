/**
 * Where GPU nodes come from: bought by the hour, a reservation that is paid for anyway, or a block of
 * days. Each says something else to the launch template and to the node group. Pure.
 */
import type { ArgumentFault } from "../argument-fault.ts";

export type Capacity =
  | { readonly kind: "onDemand" }
  | { readonly kind: "reservation"; readonly id: string }
  | {
      readonly kind: "capacityBlock";
      readonly id: string;
      /** As the offering told them: times with a time zone. */
      readonly start: string;
      readonly end: string;
      readonly zone: string;
    };

export interface PoolSize {
  readonly min: number;
  readonly max: number;
  /** At first; afterwards the Cluster Autoscaler's, or whoever changes it by hand. */
  readonly desired: number;
}

export type CapacityFault = ArgumentFault<"capacity.id" | "capacity.end" | "zone" | "size">;

/** All that is wrong with the pair. */
export function capacityFaults(capacity: Capacity, zone: string, size: PoolSize): CapacityFault[] {
  const faults: CapacityFault[] = [];
  const add = (argument: CapacityFault["argument"], wrong: string, right: string) =>
    faults.push({ argument, wrong, right });
  const { min, max, desired } = size;
  const told = `is min ${min}, first ${desired}`;
  if (!(min <= desired && desired <= max)) add("size", `${told}, max ${max}`, "min ≤ first ≤ max");
  if (capacity.kind === "onDemand") return faults;
  if (!/^cr-[0-9a-f]{8,17}$/.test(capacity.id)) {
    add("capacity.id", `is ${capacity.id}`, "a reservation's id, as in cr-0123456789abcdef0");
  }
  if (capacity.kind === "reservation") return faults;
  const [start, end] = [Date.parse(capacity.start), Date.parse(capacity.end)];
  if (!(start < end)) add("capacity.end", `is ${capacity.end}`, "a time after capacity.start");
  if (capacity.zone !== zone) add("zone", `is ${zone}`, `${capacity.zone}, where the block stands`);
  if (min !== 0 || desired !== 0) {
    const wrong = `${told}, and AWS refuses nodes before a block begins`;
    add("size", wrong, "min 0 and first 0; set the size when the block has begun");
  }
  return faults;
}

/**
 * A placement group puts nodes close to each other, but a reservation stands where it stands: asking
 * for both fails with too little capacity (terraform-aws-eks, pull request 3730).
 */
export function wantsPlacementGroup(capacity: Capacity): boolean {
  return capacity.kind === "onDemand";
}

/** The launch template's part. Of a block's nodes the type stands here and not in the node group. */
export function launchOptions(capacity: Capacity, instanceType: string) {
  if (capacity.kind === "onDemand") return {};
  const target = { capacityReservationTarget: { capacityReservationId: capacity.id } };
  if (capacity.kind === "reservation") return { capacityReservationSpecification: target };
  return {
    instanceType,
    instanceMarketOptions: { marketType: "capacity-block" },
    capacityReservationSpecification: target,
  };
}

/** The node group's part. */
export function groupOptions(capacity: Capacity, instanceTypes: readonly string[]) {
  if (capacity.kind === "capacityBlock") return { capacityType: "CAPACITY_BLOCK" };
  return { capacityType: "ON_DEMAND", instanceTypes: [...instanceTypes] };
}
