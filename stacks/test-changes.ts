/** Stacks whose settings are changed one at a time, and values that tests of it share. */
import { changed, committedValues, completeValues, type Values } from "../config/test-settings.ts";
import { createAuthority } from "../tools/pki/authority.ts";

/** Of which stack, which setting (a path below `deepseek:`), to what; undefined takes it away. */
export type Change = readonly [stack: string, at: string, value: unknown];

export const RANGES = ["203.0.113.0/24"];
export const TOKEN = "not-a-secret";
export const DIGEST = `sha256:${"ab".repeat(32)}`;
const FIRST = { name: "first", tenant: "default", tier: "standard", models: "*" };

const authority = await createAuthority("another", 1);
export const AUTHORITY = authority.certificate;
export const PRIVATE = authority.key;

/** Values of a stack by name: a committed one, or one of the furnished ones below. */
export async function valuesOf(stack: string): Promise<Values> {
  if (stack === "local") return completeValues();
  if (stack === "furnished") return furnished();
  if (stack === "mirrored") return pinned();
  return committedValues(stack);
}

/** A site that knows what weights the other one serves. */
function pinned(): Values {
  const models = ["deepseek-r1-distill-qwen-14b", "deepseek-r1-distill-qwen-7b"];
  const weights = Object.fromEntries(models.map((model) => [model, DIGEST]));
  return changed(committedValues("onprem-hospital-b"), "site.other.weights", weights);
}

/** The smallest stack with everything that it may have beside. */
function furnished(): Values {
  const parts: readonly [string, unknown][] = [
    ["outside", { ranges: RANGES, webhookHosts: ["hooks.example.org"] }],
    ["identities", [FIRST]],
    ["quotas", { standard: { requestsPerMinute: 600 } }],
    ["wordLists", [{ name: "some", words: ["word"], mode: "flag" }]],
    ["tokenIssuers", [LOGIN]],
    ["monitoring", MONITORING],
    ["postgres", { kind: "operator", backups: BACKUPS }],
    ["network", { apiServer: { ranges: ["10.0.0.8/29"] } }],
  ];
  return parts.reduce(
    (values, [at, value]) => changed(values, at, value),
    committedValues("container"),
  );
}

const BACKUPS = {
  destination: "s3://backups/site",
  endpoint: "https://objects.example.org",
  ranges: ["10.0.0.32/28"],
  secret: "backup-access",
};

const { destination: _, ...access } = BACKUPS;
export const MIRROR = {
  region: "cn-north-1",
  ...access,
  from: "s3://weights/a",
  authority: "objects",
  schedule: "0 1 * * *",
};

const LOGIN = {
  issuer: "https://login.example.org/realms/staff",
  audience: "deepseek",
  jwksUri: "https://login.example.org/realms/staff/certs",
  ranges: RANGES,
};

const MONITORING = {
  alerts: {
    ranges: RANGES,
    channels: [
      {
        name: "robot",
        kind: "dingtalk",
        severities: ["critical"],
        url: "https://robot.example.org",
      },
      {
        name: "text",
        kind: "sms",
        severities: ["critical"],
        url: "https://sms.example.org",
        sms: { to: ["+8613800000000"], fields: { to: "{to}", text: "{text}" } },
      },
      {
        name: "mail",
        kind: "email",
        severities: ["error"],
        email: {
          to: "a@example.org",
          from: "b@example.org",
          server: "mail.example.org:587",
          user: "sender",
          password: TOKEN,
        },
      },
      { name: "pager", kind: "pagerduty", severities: ["critical"], routingKey: TOKEN },
      { name: "desk", kind: "ticket", severities: ["error"], url: "https://desk.example.org" },
    ],
    quietHours: { from: "22:00", to: "06:00" },
  },
  remoteWrite: {
    url: "https://samples.example.org/write",
    ranges: RANGES,
    authentication: { kind: "bearer", token: TOKEN },
  },
  operator: { mode: "beside" },
  grafana: {
    deployment: {
      url: "https://grafana.example.org",
      callerRanges: ["10.0.0.0/8"],
      oidc: {
        clientId: "grafana",
        clientSecret: TOKEN,
        authorizationUrl: "https://login.example.org/authorize",
        tokenUrl: "https://login.example.org/token",
        userInfoUrl: "https://login.example.org/userinfo",
        ranges: RANGES,
      },
    },
  },
  logs: { url: "https://loki.example.org/otlp/v1/logs", ranges: RANGES },
  traces: { url: "https://tempo.example.org/v1/traces", ranges: RANGES },
};

/** Of a stack, all its changes. */
export function of(
  stack: string,
  changes: readonly (readonly [string, unknown])[],
): readonly Change[] {
  return changes.map(([at, value]) => [stack, at, value]);
}
