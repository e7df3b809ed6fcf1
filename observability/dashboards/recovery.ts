/** What a disaster would cost at this moment: backups, replicas, room. Pure data. */
import { type Board, lines, number, row } from "./panel.ts";

const LAST = "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp";
const FAILED = "barman_cloud_cloudnative_pg_io_last_failed_backup_timestamp";

/** A day and two hours: the schedule is daily (components/postgres-cluster.ts), and a backup takes its time. */
const BACKUP_SECONDS = 93_600;
const LAG_SECONDS = 30;
const ROOM = 0.1;

export const recovery: Board = {
  name: "recovery",
  title: { en: "Disaster recovery", zh: "灾难恢复" },
  models: null,
  rows: [
    row("Now", "当前", [
      number("Age of the last backup", "最近备份距今", "s", `time() - max(${LAST})`, {
        bound: BACKUP_SECONDS,
      }),
      number("Furthest replica behind", "最大复制延迟", "s", "max(cnpg_pg_replication_lag)", {
        bound: LAG_SECONDS,
      }),
      number(
        "Age of the last archived log",
        "最近归档日志距今",
        "s",
        "max(cnpg_pg_stat_archiver_seconds_since_last_archival)",
      ),
      number(
        "Least room on a volume",
        "最小卷剩余空间",
        "percentunit",
        "min(kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes)",
        {
          bound: ROOM,
          good: "above",
        },
      ),
    ]),
    row("Backups", "备份", [
      lines(
        "Age of the last backup that can be restored",
        "可恢复备份距今",
        "s",
        [[`time() - max by (namespace, pod) (${LAST})`, "{{namespace}} {{pod}}"]],
        { bound: BACKUP_SECONDS },
      ),
      lines(
        "Time since a backup failed",
        "上次备份失败距今",
        "s",
        [[`time() - (max by (namespace, pod) (${FAILED}) > 0)`, "{{namespace}} {{pod}}"]],
        { whenWell: "empty" },
      ),
      lines(
        "Logs that could not be archived, in an hour",
        "每小时归档失败",
        "none",
        [
          [
            "sum by (namespace, pod) (increase(cnpg_pg_stat_archiver_failed_count[1h]))",
            "{{namespace}} {{pod}}",
          ],
        ],
        { tone: "bad", whenWell: "still" },
      ),
      lines("Time since a restore was tested well", "上次恢复测试成功距今", "s", [
        [
          "time() - max by (instance) (restore_test_last_success_timestamp_seconds)",
          "{{instance}}",
        ],
      ]),
      lines("What a restore took, and what it lacked", "恢复用时与缺失数据时长", "s", [
        [
          "max by (instance) (restore_test_duration_seconds)",
          { en: "{{instance}} duration", zh: "{{instance}} 用时" },
        ],
        [
          "max by (instance) (restore_test_data_loss_seconds)",
          { en: "{{instance}} data", zh: "{{instance}} 数据" },
        ],
      ]),
      lines("Time since scheduled work succeeded", "定时任务上次成功距今", "s", [
        [
          "time() - max by (namespace, cronjob) (kube_cronjob_status_last_successful_time)",
          "{{namespace}} {{cronjob}}",
        ],
      ]),
    ]),
    row("Replicas", "副本", [
      lines(
        "PostgreSQL replicas behind their primary",
        "PostgreSQL 复制延迟",
        "s",
        [["max by (namespace, pod) (cnpg_pg_replication_lag)", "{{namespace}} {{pod}}"]],
        { bound: LAG_SECONDS },
      ),
      lines(
        "Redis replicas that hear their primary",
        "Redis 副本连接",
        "none",
        [["min by (instance) (redis_master_link_up)", "{{instance}}"]],
        { whenWell: "still", needs: "redisReplicas" },
      ),
      lines("Programs that answer", "有响应的程序", "none", [["sum by (job) (up)", "{{job}}"]]),
      lines(
        "Room on volumes",
        "卷剩余空间",
        "percentunit",
        [
          [
            "min by (namespace, persistentvolumeclaim) (kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes)",
            "{{namespace}} {{persistentvolumeclaim}}",
          ],
        ],
        { bound: ROOM },
      ),
    ]),
  ],
};
