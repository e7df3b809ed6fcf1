/**
 * What the declarations of @pulumi/aws do not tell, as data: one TypeTable per resource type, one
 * file per service under services/. `source` names the page of the public Terraform AWS provider
 * documentation (@pulumi/aws is built on that provider) where arguments, "Forces new resource",
 * defaults, value lists and attributes come from; sourceUrl() gives its address.
 */
import type { PropertyMap } from "../../values.ts";

/** What an id or a computed output is made from. Every draw is a hash of the resource's identity. */
export interface Making {
  readonly name: string;
  /** Inputs with defaults and automatic names filled in. */
  readonly inputs: PropertyMap;
  /** Empty while the id itself is being made. */
  readonly id: string;
  readonly region: string;
  readonly account: string;
  readonly partition: string;
  readonly dnsSuffix: string;
  /** Outputs before this update; undefined for a create. */
  readonly previous: PropertyMap | undefined;
  hex(length: number, salt?: string): string;
  /** Capital letters and digits, as in IAM unique ids. */
  base36(length: number, salt?: string): string;
  digits(length: number, salt?: string): string;
  uuid(salt?: string): string;
  /** arn:<partition>:<service>:<region>:<account>:<resource> */
  arn(service: string, resource: string): string;
  /** The same without a region (IAM, Route 53, S3 have none). */
  globalArn(service: string, resource: string, account?: string): string;
  text(property: string): string;
  list(property: string): readonly string[];
}

export interface ConditionalReplacement {
  readonly property: string;
  readonly when: (before: PropertyMap, after: PropertyMap) => boolean;
}

export type Format = "cidr4" | "vpcCidr" | "cidr6" | "arn" | "json" | "port" | "kmsAlias";

export interface Autoname {
  readonly property: string;
  /** The longest name AWS takes. */
  readonly lengthMax: number;
  /** `namePrefix`: where it is given, the provider draws the name at create. */
  readonly prefixProperty?: string;
  readonly lowercase?: boolean;
  /** Put before the name: `alias/`. */
  readonly lead?: string;
}

export interface TypeTable {
  readonly source: string;
  /** Properties or paths whose change forces a replacement. `region` is one for every type. */
  readonly replaces: string;
  /** Properties or paths known to be changed in place. `tags` is one for every type. */
  readonly updates: string;
  readonly replacesWhen?: readonly ConditionalReplacement[];
  readonly autoname?: Autoname;
  /** Allowed values by path; `rules.type` means every item of `rules`. */
  readonly values?: Readonly<Record<string, string>>;
  readonly ranges?: Readonly<Record<string, readonly [number, number]>>;
  readonly formats?: Readonly<Record<string, Format>>;
  /** Of each group at least one must be given; groups are words. */
  readonly needsOne?: readonly string[];
  /** Of each group at most one may be given. */
  readonly excludes?: readonly string[];
  /** Static defaults, known in a preview. */
  readonly defaults?: PropertyMap;
  /** While this property is true, AWS refuses the deletion. */
  readonly protectedBy?: string;
  /** Computed outputs that an update may change; unknown in the preview of an update. */
  readonly changesOnUpdate?: string;
  readonly id: (making: Making) => string;
  readonly computed: (making: Making) => PropertyMap;
}

export type ServiceTable = Readonly<Record<string, TypeTable>>;

/** A stand-in for every point in time: AWS decides them, so no real one would be honest. */
export const SIMULATED_TIME = "2000-01-01T00:00:00Z";

export function sourceUrl(table: TypeTable): string {
  return `https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/${table.source}`;
}

export function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** The automatic name most types take: `name`, with `namePrefix` as the other way. */
export function named(lengthMax: number, prefix = true): Autoname {
  return { property: "name", lengthMax, ...(prefix ? { prefixProperty: "namePrefix" } : {}) };
}
