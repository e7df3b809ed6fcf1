/** What must not be lost: the ledger's queue with its log on the disk, and the audit trail. */
import { createPrivateKey } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { AuditTrail } from "./audit/audit-trail.ts";
import type { Clock } from "./base/clock.ts";
import { WriteAheadLog } from "./base/write-ahead-log.ts";
import type { Config } from "./config.ts";
import { limits } from "./limits.ts";
import type { Database } from "./store-parts.ts";
import { LedgerLog } from "./stores/ledger-log.ts";
import { LedgerQueue } from "./stores/ledger-queue.ts";
import type { LedgerRow } from "./stores/ledger-store.ts";
import type { Log } from "./telemetry/log.ts";
import type { Metrics } from "./telemetry/metrics.ts";

export interface Records {
  readonly ledgerQueue: LedgerQueue;
  /** null: no trail is kept. */
  readonly audit: AuditTrail | null;
}

export function createRecords(
  config: Config,
  database: Database,
  clock: Clock,
  metrics: Metrics,
  log: Log,
): Records {
  return {
    ledgerQueue: createQueue(config, database, metrics, log),
    audit: createTrail(config, database, clock, metrics, log),
  };
}

function createQueue(config: Config, database: Database, metrics: Metrics, log: Log): LedgerQueue {
  const ledgerLog = config.GW_DATA_FOLDER === undefined ? null : openLog(config.GW_DATA_FOLDER);
  const events = {
    onFault: (cause: unknown) => {
      metrics.ledgerFaults.inc();
      log.error({ cause }, "the ledger does not take rows; they wait");
    },
    onLost: (row: LedgerRow, cause: unknown) => {
      metrics.ledgerLost.inc();
      // All of it: who bills has no other place to take it from.
      log.error({ row, cause }, "a row of the ledger is lost");
    },
  };
  return new LedgerQueue(database.ledger, config.GW_LEDGER_QUEUE_ROWS_MAX, events, ledgerLog);
}

function openLog(folder: string): LedgerLog {
  const own = path.join(folder, "write-ahead");
  // A folder that cannot be written must stop the start, not the first call.
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const { writeAheadSegmentBytesMax: segmentBytesMax, writeAheadBytesMax: bytesMax } = limits;
  return new LedgerLog(new WriteAheadLog({ folder: own, segmentBytesMax, bytesMax }));
}

function createTrail(
  config: Config,
  database: Database,
  clock: Clock,
  metrics: Metrics,
  log: Log,
): AuditTrail | null {
  const { GW_AUDIT_SEAL_KEY_FILE: keyFile, GW_DATA_FOLDER: folder } = config;
  if (keyFile === undefined || folder === undefined) return null;
  const sealKey = createPrivateKey(readFileSync(keyFile, "utf8"));
  if (sealKey.asymmetricKeyType !== "ed25519") throw new Error("the seal's key must be Ed25519");
  return new AuditTrail({
    folder: path.join(folder, "audit"),
    site: config.GW_SITE,
    writer: config.GW_INSTANCE,
    sealKey,
    clock,
    anchors: database.anchors,
    whenDown: config.GW_AUDIT_DOWN,
    retentionDays: config.GW_AUDIT_RETENTION_DAYS,
    segmentSeconds: config.GW_AUDIT_SEGMENT_SECONDS,
    onLost: (cause) => {
      metrics.auditLost.inc();
      log.error({ cause }, "an event of the audit trail is lost");
    },
    onFault: (cause) => {
      metrics.auditFaults.inc();
      log.warn({ cause }, "the audit trail could not be anchored");
    },
  });
}
