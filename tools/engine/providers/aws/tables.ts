/** Every resource type the simulated cloud knows, and the refusal of all others. */
import { UserError } from "../../../base/user-error.ts";
import { AWS_SCHEMA, type ResourceShape } from "./schema.ts";
import { BALANCING } from "./services/balancing.ts";
import { COMPUTE } from "./services/compute.ts";
import { EKS } from "./services/eks.ts";
import { ELASTICACHE } from "./services/elasticache.ts";
import { ENDPOINTS } from "./services/endpoints.ts";
import { IAM } from "./services/iam.ts";
import { KMS } from "./services/kms.ts";
import { NETWORK } from "./services/network.ts";
import { OPERATIONS } from "./services/operations.ts";
import { RDS } from "./services/rds.ts";
import { ROUTE53 } from "./services/route53.ts";
import { S3 } from "./services/s3.ts";
import type { ServiceTable, TypeTable } from "./table.ts";

export const TABLES: ServiceTable = {
  ...NETWORK,
  ...ENDPOINTS,
  ...COMPUTE,
  ...EKS,
  ...IAM,
  ...KMS,
  ...S3,
  ...ROUTE53,
  ...RDS,
  ...ELASTICACHE,
  ...BALANCING,
  ...OPERATIONS,
};

export interface KnownType {
  readonly token: string;
  readonly table: TypeTable;
  readonly shape: ResourceShape;
}

export function knownType(token: string): KnownType {
  const table = TABLES[token];
  const shape = AWS_SCHEMA.resources[token];
  if (table !== undefined && shape !== undefined) return { token, table, shape };
  const service = token.split("/")[0] ?? "";
  const near = Object.keys(TABLES).filter((known) => known.startsWith(`${service}/`));
  const names = near.map((known) => known.split(":")[2]).join(", ");
  throw new UserError(`The simulated cloud does not know the resource type ${token}.`, {
    fix:
      (near.length > 0 ? `Of ${service} it knows ${names}. ` : "") +
      "Use one of those, or deploy with the Pulumi CLI (--engine pulumi).",
  });
}
