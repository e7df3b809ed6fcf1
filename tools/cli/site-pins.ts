/**
 * What a site of a pair is told by the other one's outputs, against what its settings say: the values
 * by which it goes on when the other one, and its state, are lost. Pure.
 */
import { UserError } from "../base/user-error.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Of the other stack's outputs, secrets in clear. */
export interface Told {
  readonly site: Fields;
  /** What a standby follows with; null: the other one is none that is followed. */
  readonly replication: Fields | null;
}

export interface Difference {
  readonly path: string;
  /** Written out; null: it is not there, or it is a secret. */
  readonly from: string | null;
  readonly to: string | null;
}

/** Of the output `site`, what settings of the other one keep below `site.other`. */
const KEPT = ["postgres", "redis", "ranges", "clusterIdentifier", "authority", "weights"] as const;

/** Throws where the outputs are not those of the site that is named. */
export function toldBy(outputs: Fields, stack: string, name: unknown): Told {
  const { site, replication } = outputs;
  if (!isFields(site)) {
    throw new UserError("it has no output `site`", { where: stack, fix: `npm run up -- ${stack}` });
  }
  if (site["name"] !== name) {
    throw new UserError(`it is the stack of the site ${String(site["name"])}`, {
      where: stack,
      fix: `deepseek:site.other.stack: the stack of ${String(name)}`,
    });
  }
  return { site, replication: isFields(replication) ? replication : null };
}

/** `other` with all that was told; what was not told stays as it is. */
export function pinnedOther(other: Fields, { site }: Told): Fields {
  const { read: _, ...given } = other;
  const told = KEPT.flatMap((key) => (isSaid(site[key]) ? [[key, site[key]] as const] : []));
  return { ...given, ...Object.fromEntries(told) };
}

export function differences(
  before: { readonly other: Fields; readonly replication: Fields | null },
  after: { readonly other: Fields; readonly replication: Fields | null },
): Difference[] {
  const written = (value: unknown) => (isSaid(value) ? JSON.stringify(value) : null);
  const plain = KEPT.flatMap((key) => {
    const [from, to] = [written(before.other[key]), written(after.other[key])];
    return from === to ? [] : [{ path: `deepseek:site.other.${key}`, from, to }];
  });
  const secret = JSON.stringify(before.replication) !== JSON.stringify(after.replication);
  if (!secret || after.replication === null) return plain;
  return [...plain, { path: "deepseek:replicationPasswords", from: null, to: null }];
}

/** As a person reads it. */
export function told({ path, from, to }: Difference): string {
  if (from === null && to === null) return `${path}: other passwords (not shown)`;
  return `${path}: ${from ?? "nothing"} → ${to ?? "nothing"}`;
}

function isSaid(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
