/** How a VPC's addresses are shared among zones. Pure. */
import { type ArgumentFault, toldFaults } from "../argument-fault.ts";

export interface Range {
  /** First address as a number. */
  readonly start: number;
  readonly bits: number;
}

/**
 * The smallest subnet that is worth having: a p4d that starts takes an interface of 50 addresses
 * for its pods and keeps a second one warm (VPC CNI), and a rollout has two such nodes at once.
 */
const SUBNET_BITS_MAX = 24;
/** The largest VPC that AWS allows (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html). */
const VPC_BITS_MIN = 16;
/** Quarters at least, so that a third or fourth zone that comes later moves no subnet. */
const SHARE_BITS_MIN = 2;
/** No region has more zones. */
const ZONES_MAX = 8;
/** EKS wants subnets of two zones at least (EKS user guide, network requirements). */
const ZONES_MIN = 2;

/** Why the range cannot be shared so; undefined: it can. */
export function subnetsFault(
  cidr: string,
  zones: number,
): ArgumentFault<"range" | "zones"> | undefined {
  const range = parseRange(cidr);
  const ofRange = (wrong: string, right: string) =>
    ({ argument: "range", wrong: `is ${cidr}${wrong}`, right }) as const;
  const ofZones = (wrong: string, right: string) =>
    ({ argument: "zones", wrong: `are ${zones}, ${wrong}`, right }) as const;
  if (range === undefined) {
    return ofRange(
      ", not a range of IPv4 addresses",
      "a first address and bits, as in 10.20.0.0/16",
    );
  }
  if (range.bits < VPC_BITS_MIN) return ofRange(", larger than a VPC may be", "/16 or smaller");
  if (zones < ZONES_MIN) return ofZones(`and EKS needs subnets in ${ZONES_MIN}`, "one more");
  if (zones > ZONES_MAX) return ofZones("more than any region has", `${ZONES_MAX} at most`);
  const bits = range.bits + shareBits(zones);
  if (bits <= SUBNET_BITS_MAX) return undefined;
  const most = SUBNET_BITS_MAX - shareBits(zones);
  return ofRange(` and leaves subnets of /${bits}, too small for GPU nodes`, `/${most} or larger`);
}

/** One range per zone: equal, in the order of the zones, inside of `cidr`. */
export function subnetRanges(cidr: string, zones: number): string[] {
  const fault = subnetsFault(cidr, zones);
  const range = parseRange(cidr);
  if (fault !== undefined) throw new Error(toldFaults([fault]));
  if (range === undefined) throw new Error(`${cidr} is no range`);
  const bits = range.bits + shareBits(zones);
  return Array.from({ length: zones }, (_, index) =>
    writeRange({ start: range.start + index * 2 ** (32 - bits), bits }),
  );
}

/** Undefined for what is no range, and for a range whose address is not its first. */
export function parseRange(cidr: string): Range | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  if (match === null) return undefined;
  const [a = 256, b = 256, c = 256, d = 256, bits = 33] = match.slice(1).map(Number);
  if ([a, b, c, d].some((part) => part > 255) || bits > 32) return undefined;
  const start = ((a * 256 + b) * 256 + c) * 256 + d;
  return start % 2 ** (32 - bits) === 0 ? { start, bits } : undefined;
}

export function writeRange({ start, bits }: Range): string {
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256);
  return `${parts.join(".")}/${bits}`;
}

function shareBits(zones: number): number {
  return Math.max(SHARE_BITS_MIN, Math.ceil(Math.log2(zones)));
}
