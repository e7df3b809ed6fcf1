/** Worlds of the alerts about what callers see. */
import {
  counter,
  gauge,
  going,
  type Proof,
  type Series,
  shares,
  type World,
} from "./test-proof.ts";

const requests = (status: string, code: string) =>
  `api_requests_total{endpoint="/v1/chat/completions", model="m", status="${status}", code="${code}", user="u", job="gateway", instance="g"}`;
const SUCCESS = requests("success", "200");
const ERROR = requests("error", "502");

const ofTenant = (status: string) =>
  `api_tenant_requests_total{tenant="t", status="${status}", job="gateway", instance="g"}`;

/** Of all calls, in minutes. */
function failing(threshold: number): Series[] {
  const { bad, good } = shares(threshold);
  return [counter(SUCCESS, good), counter(ERROR, bad)];
}

/**
 * A budget burns while a long time and a short one are over the bound. Here one of them is just below it, in
 * minutes: it has only begun, or it is over already. `patience`: for so long the other one is well above.
 */
function burning(bound: number, minutes: number, [short, long, patience]: number[]): World[] {
  if (short === undefined || long === undefined || patience === undefined) throw new Error("when?");
  const late = short + patience;
  const world = (name: string, before: number, since: number): World => {
    const share = (minute: number) => bound * (minute > minutes - late ? since : before);
    return {
      ...{ name, minutes, fires: false },
      series: [
        going("counter", SUCCESS, (minute) => 600_000 * (1 - share(minute))),
        going("counter", ERROR, (minute) => 600_000 * share(minute)),
      ],
    };
  };
  const part = late / long;
  return [
    world("is silent where it has only begun", (0.9 - 1.25 * part) / (1 - part), 1.25),
    world("is silent where it is over", 1.5, 0.9),
  ];
}

/** A histogram of which a share lies above one bucket. */
function late(name: string, labels: string, bound: string, threshold: number): Series[] {
  const { total, good } = shares(threshold);
  const more = labels === "" ? "" : `, ${labels}`;
  const own = `model="m", job="gateway", instance="g"${more}`;
  return [
    counter(SUCCESS, total),
    counter(`${name}_bucket{${own}, le="${bound}"}`, good),
    counter(`${name}_bucket{${own}, le="+Inf"}`, total),
    counter(`${name}_count{${own}}`, total),
  ];
}

const traffic = (calm: number, trouble: number, edge: number, few = calm) => [
  counter(SUCCESS, { calm, trouble, edge, few }),
];
const ofModel = { labels: { model: "m" } };
const gateway = 'job="gateway", instance="g"';
const ofGateway = { labels: { job: "gateway", instance: "g" } };
const MIB = 1_048_576;

export const SERVICE_PROOFS: readonly Proof[] = [
  { alert: "APIHighErrorRate", series: failing(0.05), fires: 9, few: true },
  { alert: "ModelErrorRateOver2pct", series: failing(0.02), fires: 5, few: true, ...ofModel },
  {
    alert: "TenantErrorRateOver5pct",
    series: [
      counter(ofTenant("success"), shares(0.05).good),
      counter(ofTenant("error"), shares(0.05).bad),
    ],
    fires: 9,
    few: true,
    labels: { tenant: "t" },
  },
  {
    ...{ alert: "ErrorBudgetBurnsFast", series: failing(0.0144), fires: 62, step: 2, few: true },
    also: burning(0.0144, 120, [5, 60, 6]),
  },
  {
    ...{
      alert: "ErrorBudgetBurnsSteadily",
      series: failing(0.006),
      fires: 375,
      step: 15,
      few: true,
    },
    also: burning(0.006, 750, [30, 360, 45]),
  },
  {
    ...{
      alert: "ErrorBudgetBurnsSlowly",
      series: failing(0.003),
      fires: 1_500,
      step: 60,
      few: true,
    },
    also: burning(0.003, 3_000, [120, 1_440, 180]),
  },
  {
    ...{ alert: "ErrorBudgetUsedUp", series: failing(0.001), fires: 4_500, step: 180, few: true },
    also: burning(0.001, 9_000, [360, 4_320, 540]),
  },
  {
    alert: "FirstTokenOver500ms",
    series: late("api_time_to_first_token_seconds", "", "0.5", 0.05),
    fires: 6,
    few: true,
    ...ofModel,
  },
  {
    alert: "FirstTokenSlow",
    series: [
      ...traffic(100, 3.3, 100, 3),
      // All between 1 and 3: the 95th percentile of evenly spread ones is 2.9; 2 is the edge.
      counter(`api_time_to_first_token_seconds_bucket{model="m", ${gateway}, le="1"}`, {
        calm: 100,
        trouble: 0,
        edge: 90,
        few: 0,
      }),
      counter(`api_time_to_first_token_seconds_bucket{model="m", ${gateway}, le="3"}`, {
        calm: 100,
        trouble: 3.3 * 0.9,
        edge: 100,
        few: 3,
      }),
      counter(`api_time_to_first_token_seconds_bucket{model="m", ${gateway}, le="+Inf"}`, {
        calm: 100,
        trouble: 3.3,
        edge: 100,
        few: 3,
      }),
    ],
    fires: 8,
    few: true,
    ...ofModel,
  },
  {
    alert: "EmbeddingsOver500ms",
    series: late(
      "api_request_duration_seconds",
      'endpoint="/v1/embeddings", status="success"',
      "0.5",
      0.05,
    ),
    fires: 6,
    few: true,
    ...ofModel,
  },
  {
    alert: "RiskDecisionsOver200ms",
    series: late(
      "api_request_duration_seconds",
      'endpoint="/v1/risk/decisions", status="success"',
      "0.2",
      0.05,
    ),
    fires: 5,
    few: true,
    ...ofModel,
  },
  { alert: "NoTraffic", series: traffic(60, 0, 0.001), fires: 64, idleFires: true },
  {
    alert: "TrafficGone",
    // A tenth is 3.3; sums of a day are not exact to the last digit.
    series: traffic(33, 3.1, 3.4, 30),
    fires: 20,
    history: 1_500,
    step: 5,
    few: true,
    needsPast: true,
    also: [
      {
        ...{ name: "is silent where few called yesterday", minutes: 1_545, fires: false },
        series: [going("counter", SUCCESS, (minute) => (minute < 1_500 ? 27 : 1))],
      },
    ],
  },
  {
    alert: "TrafficUnusual",
    series: traffic(13, 68, 65, 13),
    fires: 15,
    history: 1_560,
    step: 5,
    needsPast: true,
    also: [
      {
        ...{ name: "is silent where few call even so", minutes: 1_600, fires: false },
        series: [going("counter", SUCCESS, (minute) => (minute < 1_560 ? 9 : 55))],
      },
    ],
  },
  {
    alert: "CredentialsRefusedOften",
    series: [counter(requests("client_error", "401"), { calm: 10, trouble: 66, edge: 60 })],
    fires: 9,
  },
  {
    alert: "QuotasRefuseMany",
    series: [
      counter(SUCCESS, shares(0.2).total),
      counter(`gateway_quota_refusals_total{reason="rate", ${gateway}}`, shares(0.2).bad),
    ],
    fires: 19,
    few: true,
  },
  {
    alert: "GatewayQueueLong",
    series: [gauge(`api_queue_length{model="m", ${gateway}}`, { calm: 2, trouble: 55, edge: 50 })],
    fires: 8,
    ...ofModel,
  },
  {
    alert: "ModelServersFail",
    series: [
      counter(`gateway_upstream_faults_total{model="m", reason="refused", ${gateway}}`, {
        calm: 1,
        trouble: 6.6,
        edge: 6,
      }),
    ],
    fires: 9,
    ...ofModel,
  },
  {
    alert: "ModelServerLeftAlone",
    series: [
      gauge(`gateway_upstream_ejected{model="m", target="t", ${gateway}}`, {
        calm: 0,
        trouble: 1,
        edge: 0,
      }),
    ],
    fires: 8,
    labels: { model: "m", target: "t" },
  },
  {
    alert: "GatewayMemoryGrows",
    series: [
      gauge(`process_resident_memory_bytes{${gateway}}`, {
        // Half as large again is 240, which is no trouble below 256.
        calm: 160 * MIB,
        trouble: 280 * MIB,
        edge: 256 * MIB,
      }),
    ],
    fires: 20,
    history: 90,
    needsPast: true,
    also: [
      {
        ...{ name: "is silent where it has grown by less than half", minutes: 135, fires: false },
        series: [
          going("gauge", `process_resident_memory_bytes{${gateway}}`, (minute) =>
            minute < 70 ? 200 * MIB : 280 * MIB,
          ),
        ],
      },
    ],
    ...ofGateway,
  },
  {
    alert: "StreamsStall",
    series: [
      counter(`gateway_stream_silences_total{model="m", ${gateway}}`, {
        calm: 0,
        trouble: 1.3,
        edge: 1.2,
      }),
    ],
    fires: 5,
    ...ofModel,
  },
  {
    alert: "GatewayMemoryNearlyFull",
    series: [
      gauge(`process_resident_memory_bytes{${gateway}}`, {
        calm: 180 * MIB,
        trouble: 420 * MIB,
        edge: 409.6 * MIB,
      }),
      gauge(`gateway_memory_limit_bytes{${gateway}}`, {
        calm: 512 * MIB,
        trouble: 512 * MIB,
        edge: 512 * MIB,
        // So it says where there is none.
        few: 0,
      }),
    ],
    fires: 5,
    few: true,
    ...ofGateway,
  },
  {
    alert: "GatewayRestartsOften",
    series: [
      gauge(`process_start_time_seconds{${gateway}}`, {
        calm: 100,
        trouble: (minute) => minute,
        edge: (minute) => Math.floor(minute / 15),
      }),
    ],
    fires: 2,
    ...ofGateway,
  },
  {
    alert: "GatewayLate",
    series: [
      gauge(`nodejs_eventloop_lag_p99_seconds{${gateway}}`, {
        calm: 0.01,
        trouble: 0.22,
        edge: 0.2,
      }),
    ],
    fires: 8,
    ...ofGateway,
  },
];
