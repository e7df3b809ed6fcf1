/** Redis, PostgreSQL, and what the gateway owes them. Pure data. */
import { answering, type Board, lines, number, row } from "./panel.ts";

/** What all databases share has no name, and templates hold nothing. */
const NAMED = 'datname!~"|template.*"';

const BOUND = { en: "bound", zh: "上限" };

export const stores: Board = {
  name: "stores",
  title: { en: "Data stores", zh: "数据存储" },
  models: null,
  rows: [
    row("Now", "当前", [
      answering("Redis that answer", "有响应的 Redis", "sum(redis_up)"),
      answering("PostgreSQL that answer", "有响应的 PostgreSQL", "sum(pg_up)"),
      number(
        "Rows not yet in the ledger",
        "尚未入账的行",
        "none",
        "sum(gateway_ledger_queue_rows)",
        { whenWell: "still" },
      ),
      number(
        "Redis did not answer, in an hour",
        "每小时 Redis 无响应次数",
        "none",
        "sum(increase(gateway_quota_store_failures_total[1h]))",
        {
          bound: 1,
          whenWell: "still",
        },
      ),
    ]),
    row("Redis", "Redis", [
      lines("Memory", "内存", "bytes", [
        ["sum by (instance) (redis_memory_used_bytes)", "{{instance}}"],
        ["max(redis_memory_max_bytes)", BOUND],
      ]),
      lines("Commands", "命令", "ops", [
        ["sum by (instance) (rate(redis_commands_processed_total[5m]))", "{{instance}}"],
      ]),
      lines("Clients", "客户端", "none", [
        ["sum by (instance) (redis_connected_clients)", "{{instance}}"],
      ]),
      lines(
        "How long ago replicas were heard of",
        "副本上次响应至今",
        "s",
        [
          [
            "max by (instance, slave_ip) (redis_connected_slave_lag_seconds)",
            "{{instance}} {{slave_ip}}",
          ],
        ],
        { needs: "redisReplicas" },
      ),
      lines(
        "Keys dropped, in an hour",
        "每小时淘汰的键",
        "none",
        [["sum by (instance) (increase(redis_evicted_keys_total[1h]))", "{{instance}}"]],
        { tone: "bad", whenWell: "still" },
      ),
      lines(
        "Connections refused, in an hour",
        "每小时被拒的连接",
        "none",
        [["sum by (instance) (increase(redis_rejected_connections_total[1h]))", "{{instance}}"]],
        { tone: "bad", whenWell: "still" },
      ),
    ]),
    row("PostgreSQL", "PostgreSQL", [
      lines("Connections", "连接", "none", [
        // Most states have nobody in them.
        ["sum by (state) (pg_stat_activity_count) > 0", "{{state}}"],
        ["max(pg_settings_max_connections)", BOUND],
      ]),
      lines("Commits", "提交", "ops", [
        [`sum by (datname) (rate(pg_stat_database_xact_commit{${NAMED}}[5m]))`, "{{datname}}"],
      ]),
      lines("Size of databases", "数据库大小", "bytes", [
        [`max by (datname) (pg_database_size_bytes{${NAMED}})`, "{{datname}}"],
      ]),
      lines("Age of the oldest transaction", "最早事务的时长", "s", [
        [`max by (datname) (pg_stat_activity_max_tx_duration{${NAMED}})`, "{{datname}}"],
      ]),
      lines(
        "Deadlocks in an hour",
        "每小时死锁",
        "none",
        [[`sum by (datname) (increase(pg_stat_database_deadlocks{${NAMED}}[1h]))`, "{{datname}}"]],
        { tone: "bad", whenWell: "still" },
      ),
    ]),
    row("What the gateway owes them", "网关待写数据", [
      lines(
        "Age of the oldest row that the ledger does not have",
        "最早未入账行的时长",
        "s",
        [["max by (instance) (gateway_ledger_lag_seconds)", "{{instance}}"]],
        { whenWell: "still" },
      ),
      lines("Rows on the gateways' disks", "网关磁盘上的行", "bytes", [
        ["sum by (instance) (gateway_write_ahead_bytes)", "{{instance}}"],
      ]),
      lines(
        "Batches to be tried again, in an hour",
        "每小时重试的批次",
        "none",
        [["sum by (instance) (increase(gateway_ledger_write_failures_total[1h]))", "{{instance}}"]],
        { tone: "bad", whenWell: "still" },
      ),
      lines(
        "Times the directory's store did not answer, in an hour",
        "每小时目录存储无响应次数",
        "none",
        [["sum by (instance) (increase(gateway_directory_failures_total[1h]))", "{{instance}}"]],
        { tone: "bad", whenWell: "still" },
      ),
    ]),
  ],
};
