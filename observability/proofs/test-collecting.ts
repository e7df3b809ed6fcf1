/** Worlds of the alerts about log lines and traces on their way. */
import { countedOn, counter, gauge, type Proof } from "./test-proof.ts";

const collector = 'job="collector", instance="c"';
const agent = 'job="log-agent", instance="a"';
const ofInstance = (instance: string) => ({ labels: { instance } });
const MIB = 1_048_576;

/** A count that is born with its first failure, and one that is there and stays nought. */
const failures = (what: string) =>
  gauge(`otelcol_exporter_send_failed_${what}_total{exporter="otlp_http/x", ${collector}}`, {
    ...{ calm: null, trouble: (minute) => minute, edge: 0 },
  });
const refused = (kind: string, what: string, labels: string, trouble = 1) =>
  counter(`otelcol_receiver_${kind}_${what}_total{receiver="r", transport="", ${labels}}`, {
    ...{ calm: 0, trouble, edge: 0 },
  });

export const COLLECTING_PROOFS: readonly Proof[] = [
  {
    alert: "CollectorAway",
    series: [gauge(`up{${collector}}`, { calm: 1, trouble: 0 })],
    fires: 5,
    absence: true,
  },
  {
    alert: "LogAgentsAway",
    series: [gauge(`up{${agent}}`, { calm: 1, trouble: 0 })],
    fires: 5,
    absence: true,
  },
  {
    alert: "CollectorLosesLines",
    series: [failures("log_records")],
    fires: 0,
    birth: true,
    also: countedOn(failures("log_records").name),
    ...ofInstance("c"),
  },
  {
    alert: "CollectorLosesSpans",
    series: [failures("spans")],
    fires: 0,
    birth: true,
    also: countedOn(failures("spans").name),
    ...ofInstance("c"),
  },
  {
    alert: "LogAgentLosesLines",
    series: [refused("refused", "log_records", agent), refused("failed", "log_records", agent, 0)],
    fires: 0,
    ...ofInstance("a"),
  },
  {
    alert: "CollectorQueueNearlyFull",
    series: [
      gauge(
        `otelcol_exporter_queue_size{exporter="otlp_http/logs", data_type="logs", ${collector}}`,
        {
          ...{ calm: MIB, trouble: 82 * MIB, edge: 80 * MIB },
        },
      ),
      gauge(
        `otelcol_exporter_queue_capacity{exporter="otlp_http/logs", data_type="logs", ${collector}}`,
        { calm: 100 * MIB, trouble: 100 * MIB },
      ),
    ],
    fires: 8,
    labels: { instance: "c", exporter: "otlp_http/logs" },
  },
  {
    alert: "CollectorRefuses",
    series: [refused("refused", "log_records", collector)],
    fires: 5,
    ...ofInstance("c"),
  },
];
