/**
 * List prices, dated. `verified` means that the seller's own page was read and says so on that date; all
 * others were read elsewhere, and every comment says which. An item that is not here has no price: none is
 * ever guessed from another region, size or year.
 */

export interface Price {
  /** A cost item of the plan, and the region it is paid in. */
  readonly item: string;
  readonly region: string;
  readonly dollars: number;
  readonly per: "hour" | "month";
  /** When it was read, and where. */
  readonly date: string;
  readonly url: string;
  readonly verified: boolean;
}

const US_EAST = "us-east-1";

export const PRICES: readonly Price[] = [
  // On demand, after the reduction of June 2025; read in a summary, to be read again at this address.
  {
    item: "p4d.24xlarge",
    region: US_EAST,
    dollars: 21.96,
    per: "hour",
    date: "2026-11-21",
    url: "https://aws.amazon.com/ec2/pricing/on-demand/",
    verified: false,
  },
  {
    item: "p4de.24xlarge",
    region: US_EAST,
    dollars: 27.45,
    per: "hour",
    date: "2026-11-21",
    url: "https://aws.amazon.com/ec2/pricing/on-demand/",
    verified: false,
  },
  // 73 USD for 730 hours.
  {
    item: "eks control plane",
    region: US_EAST,
    dollars: 0.1,
    per: "hour",
    date: "2026-11-26",
    url: "https://cloudburn.io/blog/amazon-eks-pricing",
    verified: false,
  },
  {
    item: "network load balancer",
    region: US_EAST,
    dollars: 0.0225,
    per: "hour",
    date: "2026-11-26",
    url: "https://clustercost.com/blog/network-load-balancer-pricing-2025",
    verified: false,
  },
  // For each zone it stands in, as the plan counts them.
  {
    item: "interface endpoint",
    region: US_EAST,
    dollars: 0.01,
    per: "hour",
    date: "2026-11-26",
    url: "https://awsnegotiations.com/privatelink-cost-analysis.html",
    verified: false,
  },
  // gp3, one copy of it.
  {
    item: "rds storage",
    region: US_EAST,
    dollars: 0.115,
    per: "month",
    date: "2026-11-26",
    url: "https://www.usage.ai/blogs/aws/reserved-instances/rds/pricing-calculator/",
    verified: false,
  },
  {
    item: "kms key",
    region: US_EAST,
    dollars: 1,
    per: "month",
    date: "2026-11-26",
    url: "https://aws.amazon.com/kms/pricing/",
    verified: true,
  },
];

/** 365 days of 24 hours, divided by twelve: what AWS' own calculator takes. */
export const HOURS_A_MONTH = 730;

export const ASSUMPTIONS: readonly string[] = [
  `List prices on demand, ${HOURS_A_MONTH} hours a month, without taxes, discounts, savings plans or reservations.`,
  "What runs all the time at the least; nodes that autoscaling adds are not foreseen.",
  "Not counted: traffic, requests, load balancer capacity units, backups, logs, further copies of volumes, and each yearly rotation of a key.",
];
