/**
 * What RDS sets in PostgreSQL for us: as in ../postgres-configuration.ts, in the parameters that RDS
 * leaves to its customers. Pure.
 */
import { type ArgumentFault, toldFaults } from "../argument-fault.ts";

export interface DatabaseParameter {
  readonly name: string;
  readonly value: string;
  readonly applyMethod: "immediate" | "pending-reboot";
}

/**
 * The gateway speaks TLS 1.3 only, and RDS does from PostgreSQL 16 on
 * (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html).
 */
const MAJOR_MIN = 16;

/** Of what is no version with a minor number, and of what cannot do TLS 1.3. */
export function versionFaults(engineVersion: string): ArgumentFault<"engineVersion">[] {
  const major = majorOf(engineVersion);
  if (major !== undefined && major >= MAJOR_MIN) return [];
  const [why, right] =
    major === undefined
      ? ["and pins nothing", "major and minor, as in 17.6"]
      : ["which has no TLS 1.3 on RDS", `${MAJOR_MIN} or newer`];
  return [{ argument: "engineVersion", wrong: `is ${engineVersion}, ${why}`, right }];
}

/** "16.9" → 16. */
export function majorVersion(engineVersion: string): number {
  const faults = versionFaults(engineVersion);
  if (faults.length > 0) throw new Error(toldFaults(faults));
  return majorOf(engineVersion) as number;
}

function majorOf(engineVersion: string): number | undefined {
  const [, major] = /^(\d+)\.\d+$/.exec(engineVersion) ?? [];
  return major === undefined ? undefined : Number(major);
}

export function databaseParameters(): DatabaseParameter[] {
  const values: Readonly<Record<string, string>> = {
    "rds.force_ssl": "1",
    ssl_min_protocol_version: "TLSv1.3",
    password_encryption: "scram-sha-256",
    "rds.accepted_password_auth_method": "scram",
    log_connections: "1",
    log_disconnections: "1",
    // Statements can hold values of callers, so none is written, not even a failed one.
    log_statement: "none",
    log_min_duration_statement: "-1",
    log_min_error_statement: "panic",
  };
  return Object.entries(values).map(([name, value]) => ({ name, value, applyMethod: "immediate" }));
}
