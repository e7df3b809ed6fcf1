/**
 * What RDS sets in PostgreSQL for us: as in ../postgres-configuration.ts, in the parameters that RDS
 * leaves to its customers. Pure.
 */

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

/** "16.9" → 16; refuses what is no version with a minor number, and what cannot do TLS 1.3. */
export function majorVersion(engineVersion: string): number {
  const match = /^(\d+)\.\d+$/.exec(engineVersion);
  if (match === null) {
    throw new Error(
      `engineVersion: ${engineVersion} pins nothing, give major and minor, as in 16.9`,
    );
  }
  const major = Number(match[1]);
  if (major >= MAJOR_MIN) return major;
  throw new Error(
    `engineVersion: PostgreSQL ${major} of RDS has no TLS 1.3, give ${MAJOR_MIN} or newer`,
  );
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
