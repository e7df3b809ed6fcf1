/**
 * The network interfaces of a node that takes part in models of several nodes. Elastic Fabric
 * Adapters let GPUs of two nodes read each other's memory; an instance has as many as network cards.
 * Pure.
 */

export interface NetworkInterface {
  readonly networkCardIndex: number;
  readonly deviceIndex: number;
  /** `interface`: IP only; `efa`: IP and fabric; `efa-only`: fabric, no address. */
  readonly interfaceType: "interface" | "efa" | "efa-only";
}

/**
 * Two layouts are documented, and which of them p4d starts with today could not be tried here.
 * `shared`: the first card's one interface carries both, each further card has a fabric interface at
 * device 1; terraform-aws-eks and pulumi-eks start p4d so. `separate`: the first card has a plain
 * interface and a fabric one beside it, each further card a fabric one at device 0; what AWS now
 * recommends (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/efa-acc-inst-types.html).
 */
export type EfaLayout = "shared" | "separate";

export function networkInterfaces(cards: number, layout: EfaLayout): NetworkInterface[] {
  if (!Number.isInteger(cards) || cards < 1) throw new Error(`${cards} network cards`);
  const further = Array.from({ length: cards - 1 }, (_, index) => index + 1);
  const fabric = (networkCardIndex: number, deviceIndex: number): NetworkInterface => ({
    networkCardIndex,
    deviceIndex,
    interfaceType: "efa-only",
  });
  if (layout === "shared") {
    const first = { networkCardIndex: 0, deviceIndex: 0, interfaceType: "efa" } as const;
    return [first, ...further.map((card) => fabric(card, 1))];
  }
  const first = { networkCardIndex: 0, deviceIndex: 0, interfaceType: "interface" } as const;
  return [first, fabric(0, 1), ...further.map((card) => fabric(card, 0))];
}

/** What a node then offers as vpc.amazonaws.com/efa. */
export function fabricAdapters(interfaces: readonly NetworkInterface[]): number {
  return interfaces.filter(({ interfaceType }) => interfaceType !== "interface").length;
}
