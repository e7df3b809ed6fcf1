/** PostgreSQL's files: TLS 1.3 only, scram only, and the roles with no more rights than needed. Pure. */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

export const EXPORTER_USER = "exporter";

export interface PostgresPaths {
  readonly tls: string;
  readonly configuration: string;
  readonly sockets: string;
}

export function postgresConfiguration(paths: PostgresPaths, sharedMebibytes: number): string {
  return `listen_addresses = '0.0.0.0'
port = 5432
unix_socket_directories = '${paths.sockets}'
hba_file = '${paths.configuration}/pg_hba.conf'
max_connections = 100

ssl = on
ssl_min_protocol_version = 'TLSv1.3'
ssl_cert_file = '${paths.tls}/tls.crt'
ssl_key_file = '${paths.tls}/tls.key'
ssl_ca_file = '${paths.tls}/ca.crt'
password_encryption = 'scram-sha-256'

shared_buffers = ${sharedMebibytes}MB
# The ledger is money: a row that was acknowledged is on disk.
fsync = on
synchronous_commit = on

logging_collector = off
log_destination = 'stderr'
log_connections = on
log_disconnections = on
# Statements can hold values of callers, so none is written, not even a failed one.
log_statement = 'none'
log_min_error_statement = panic
log_line_prefix = '%m [%p] %u@%d '
log_timezone = 'UTC'
timezone = 'UTC'
`;
}

/**
 * Nobody from outside without TLS and scram; the superuser has no password and comes in through the
 * pod's own socket only. So does the exporter, with one: it shares the pod, not the trust.
 */
export function postgresAccess(): string {
  return `# type  database  user      address    method
host    all       ${EXPORTER_USER}  0.0.0.0/0  reject
host    all       ${EXPORTER_USER}  ::/0       reject
hostssl all       all       0.0.0.0/0  scram-sha-256
hostssl all       all       ::/0       scram-sha-256
local   all       postgres             peer
local   postgres  ${EXPORTER_USER}             scram-sha-256
`;
}

/**
 * Makes a role and its database, or mends them; may run any number of times. The password appears
 * as a verifier only, so that no log of any server can hold it.
 */
export function roleStatements(role: string, verifier: string): string {
  return `SELECT 'CREATE ROLE ${role} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}')
\\gexec
ALTER ROLE ${role} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '${verifier}';
SELECT 'CREATE DATABASE ${role} OWNER ${role}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${role}')
\\gexec
REVOKE ALL ON DATABASE ${role} FROM PUBLIC;
\\connect ${role}
ALTER SCHEMA public OWNER TO ${role};
REVOKE ALL ON SCHEMA public FROM PUBLIC;
`;
}

/**
 * Makes the role that reads statistics, or mends it. Run before a database of callers exists or
 * after: it may enter none but `postgres`. Five connections are two scrapes at once, and some.
 */
export function exporterStatements(verifier: string): string {
  const role = EXPORTER_USER;
  return `SELECT 'CREATE ROLE ${role} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}')
\\gexec
ALTER ROLE ${role} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 5 PASSWORD '${verifier}';
ALTER ROLE ${role} SET default_transaction_read_only = on;
GRANT pg_monitor TO ${role};
`;
}

/** PostgreSQL's own number of rounds. */
const ITERATIONS = 4_096;

/** What PostgreSQL keeps instead of a password (RFC 5802, RFC 7677). */
export function scramVerifier(password: string, salt: string): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const hmac = (key: string) => createHmac("sha256", salted).update(key).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const serverKey = hmac("Server Key").toString("base64");
  const saltText = Buffer.from(salt).toString("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${saltText}$${storedKey}:${serverKey}`;
}
