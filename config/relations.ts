/**
 * What must hold between settings. Each relation looks only at sections that could be read, so that
 * it can run beside other faults.
 */
import { isRelayed } from "./alerts-schema.ts";
import { areCertificates, certificateFaults } from "./certificate-faults.ts";
import { channelsComplete } from "./channel-relations.ts";
import type { Fault } from "./fault.ts";
import { imageKnown } from "./images.ts";
import type { ImageName, Settings } from "./schema.ts";
import { SITE_RELATIONS } from "./site-relations.ts";

type Relation = (settings: Partial<Settings>) => readonly Fault[];

/**
 * Days an audit trail must be kept. cnGeneral and cnHospital: six months of the Cybersecurity Law
 * (art. 23(3)), up to 184 days; cnBank: one year (guideline [2009] 19, art. 27(2)), leap years
 * included; usHospital: six years (45 CFR 164.316(b)(2)(i)). gdpr sets no number, but wants one.
 */
const AUDIT_DAYS_MIN: Readonly<Record<Settings["retention"]["profile"], number>> = {
  cnGeneral: 184,
  cnBank: 366,
  cnHospital: 184,
  usHospital: 2_192,
  gdpr: 90,
};

const RELATIONS: readonly Relation[] = [
  certificatesComplete,
  certificatesUsable,
  clientAuthoritiesReadable,
  channelAuthorityReadable,
  issuerNamed,
  ownImages,
  modelNames,
  identityNames,
  identityTiers,
  identityModels,
  wordListNames,
  wordListsFit,
  portsDiffer,
  cacheFits,
  auditFloor,
  oneArchive,
  outsideReachable,
  oneWayOfTraces,
  channelsComplete,
  oneWatcher,
  ...SITE_RELATIONS,
];

export function relations(settings: Partial<Settings>): Fault[] {
  return RELATIONS.flatMap((relation) => relation(settings));
}

/** Sealed and in base64, an answer of 64 KiB takes some 88 KiB. */
const CACHE_ENTRY_KIBIBYTES = 88;

/** Answers may take a third of Redis' memory: without room for quotas no call is admitted. */
function cacheFits({ gateway, redis }: Partial<Settings>): Fault[] {
  if (gateway === undefined || redis === undefined) return [];
  const [, number = "0", unit = ""] = /^(\d+)(Mi|Gi|Ti)$/.exec(redis.resources.memory) ?? [];
  const kibibytes = Number(number) * ({ Mi: 1, Gi: 1_024, Ti: 1_048_576 }[unit] ?? 0) * 1_024;
  const entriesMax = Math.floor(kibibytes / 3 / CACHE_ENTRY_KIBIBYTES);
  if (gateway.cache.entriesMax <= entriesMax) return [];
  const wrong = `${gateway.cache.entriesMax}, more than fits a third of redis.resources.memory`;
  return [{ path: "deepseek:gateway.cache.entriesMax", wrong, right: `at most ${entriesMax}` }];
}

function certificatesComplete(settings: Partial<Settings>): Fault[] {
  const { tls, certificates, gpuRuntime, patientData, monitoring, postgres } = settings;
  const { logs, traces } = monitoring ?? {};
  if (tls?.mode !== "given") return [];
  if (certificates === undefined) {
    const wrong = 'missing, and tls.mode is "given"';
    return [{ path: "deepseek:certificates", wrong, right: "an object with ca, names" }];
  }
  const all = [
    ...["edge", "gateway", "model", "redis", "postgres", "prometheus", "alertmanager"],
    ...(gpuRuntime?.mode === "ours" ? ["gpu-exporter"] : []),
    ...(patientData === undefined ? [] : ["patients"]),
    ...(logs === undefined && traces === undefined ? [] : ["collector"]),
    ...(logs === undefined ? [] : ["log-agent"]),
    ...(monitoring?.grafana?.deployment === undefined ? [] : ["grafana"]),
    ...(monitoring?.alerts.channels.some(isRelayed) === true ? ["alert-relay"] : []),
    ...((postgres?.backups?.restoreTestHours ?? 0) > 0 ? ["restore-test"] : []),
  ];
  return all
    .filter((name) => !(name in certificates.names))
    .map((name) => ({
      path: `deepseek:certificates.names.${name}`,
      wrong: 'missing, and tls.mode is "given"',
      right: "an object with certificate, key (PEM)",
    }));
}

function certificatesUsable({ tls, certificates, edge }: Partial<Settings>): Fault[] {
  if (tls?.mode !== "given" || certificates === undefined) return [];
  return certificateFaults(certificates, edge?.hosts);
}

function clientAuthoritiesReadable({ edge }: Partial<Settings>): Fault[] {
  const { clientAuthorities } = edge ?? {};
  if (clientAuthorities === undefined || areCertificates(clientAuthorities)) return [];
  const right = "certificates in PEM form, one after the other";
  return [{ path: "deepseek:edge.clientAuthorities", wrong: "cannot be read", right }];
}

function channelAuthorityReadable({ monitoring }: Partial<Settings>): Fault[] {
  const authority = monitoring?.alerts.authority;
  if (authority === undefined || areCertificates(authority)) return [];
  const right = "certificates in PEM form, one after the other";
  return [{ path: "deepseek:monitoring.alerts.authority", wrong: "cannot be read", right }];
}

function issuerNamed({ tls }: Partial<Settings>): Fault[] {
  if (tls?.mode !== "certManager" || tls.issuer !== undefined) return [];
  const wrong = "missing, and tls.mode is certManager";
  return [{ path: "deepseek:tls.issuer", wrong, right: "an object with kind, name" }];
}

/** Images that we make ourselves are in no public registry. */
function ownImages(settings: Partial<Settings>): Fault[] {
  const { images, registry, models, cloud, postgres, monitoring } = settings;
  if (images === undefined || models === undefined || !("registry" in settings)) return [];
  // On AWS everything needs a registry, and one fault says so.
  if (cloud !== undefined) return [];
  const engines = models.map(({ server }) => server.engine);
  const needed: ImageName[] = [
    "gateway",
    ...(engines.includes("simulator") ? (["simulator"] as const) : []),
    ...(engines.some((engine) => engine !== "simulator") ? (["weights"] as const) : []),
    ...(postgres?.kind === "pod" ? (["postgres"] as const) : []),
    ...(monitoring?.alerts.channels.some(isRelayed) === true ? (["alert-relay"] as const) : []),
  ];
  return needed
    .filter((name) => !imageKnown({ images, registry }, name))
    .map((name) => ({
      path: `deepseek:images.${name}`,
      wrong: "missing, and no registry is named that would have it",
      right: "an object with tag, digest; or deepseek:registry",
    }));
}

function modelNames({ models }: Partial<Settings>): Fault[] {
  // Kubernetes names have no dots, so v2.5 and v2-5 would meet in one Service.
  const names = (models ?? []).map((model) => model.name.replaceAll(".", "-"));
  return repeated(names).map((index) => ({
    path: `deepseek:models[${index}].name`,
    wrong: `is ${JSON.stringify(models?.[index]?.name)}, which another model is called, too`,
    right: "a name of its own (dots and hyphens count as the same)",
  }));
}

function identityNames({ identities }: Partial<Settings>): Fault[] {
  return repeated((identities ?? []).map((identity) => identity.name)).map((index) => ({
    path: `deepseek:identities[${index}].name`,
    wrong: `is ${JSON.stringify(identities?.[index]?.name)}, which another identity is called, too`,
    right: "a name of its own",
  }));
}

function wordListNames({ wordLists }: Partial<Settings>): Fault[] {
  return repeated((wordLists ?? []).map(({ name }) => name)).map((index) => ({
    path: `deepseek:wordLists[${index}].name`,
    wrong: `is ${JSON.stringify(wordLists?.[index]?.name)}, which another list is called, too`,
    right: "a name of its own",
  }));
}

/** They stand in a ConfigMap, beside routes and tiers; Kubernetes takes 1 MiB of it. */
const WORDS_KIBIBYTES_MAX = 512;

function wordListsFit({ wordLists = [] }: Partial<Settings>): Fault[] {
  const kibibytes = Math.ceil(Buffer.byteLength(JSON.stringify(wordLists, null, 2)) / 1_024);
  if (kibibytes <= WORDS_KIBIBYTES_MAX) return [];
  const wrong = `are ${kibibytes} KiB, and a ConfigMap must hold them`;
  const right = `at most ${WORDS_KIBIBYTES_MAX} KiB; administrators add longer lists in the gateway`;
  return [{ path: "deepseek:wordLists", wrong, right }];
}

function identityTiers({ identities, quotas }: Partial<Settings>): Fault[] {
  if (identities === undefined || quotas === undefined) return [];
  return identities.flatMap((identity, index) =>
    identity.tier in quotas
      ? []
      : [
          {
            path: `deepseek:identities[${index}].tier`,
            wrong: `is ${JSON.stringify(identity.tier)}, and quotas has no such tier`,
            right: `one of ${Object.keys(quotas).join(", ")}`,
          },
        ],
  );
}

function identityModels({ identities, models }: Partial<Settings>): Fault[] {
  if (identities === undefined || models === undefined) return [];
  const known = models.map((model) => model.name);
  return identities.flatMap((identity, index) =>
    (identity.models === "*" ? [] : identity.models).flatMap((name, place) =>
      known.includes(name)
        ? []
        : [
            {
              path: `deepseek:identities[${index}].models[${place}]`,
              wrong: `is ${JSON.stringify(name)}, and there is no such model`,
              right: `one of ${known.join(", ")}`,
            },
          ],
    ),
  );
}

function portsDiffer({ edge, monitoring }: Partial<Settings>): Fault[] {
  const ports: [path: string, port: number | undefined][] = [
    ["deepseek:edge.ports.https", edge?.ports.https],
    ["deepseek:edge.ports.http", edge?.ports.http],
    ["deepseek:monitoring.nodePort", monitoring?.nodePort],
    ["deepseek:monitoring.grafana.deployment.nodePort", monitoring?.grafana?.deployment?.nodePort],
  ];
  const used = ports.filter((entry): entry is [string, number] => entry[1] !== undefined);
  return repeated(used.map(([, port]) => String(port))).map((index) => ({
    path: used[index]?.[0] ?? "",
    wrong: `is ${used[index]?.[1]}, which another Service uses, too`,
    right: "a port of its own, from 30000 to 32767",
  }));
}

/** What may not be reached had better not be set: it would fail call by call. */
/** A gateway sends its spans to one place. */
function oneWayOfTraces({ outside, monitoring }: Partial<Settings>): Fault[] {
  if (outside?.traces === undefined || monitoring?.traces === undefined) return [];
  const wrong = "names a collector, and monitoring.traces another way";
  const right = "one of them: without it, monitoring.traces goes through the site's Collector";
  return [{ path: "deepseek:outside.traces", wrong, right }];
}

function outsideReachable({ outside }: Partial<Settings>): Fault[] {
  if (outside === undefined || outside.ranges.length > 0) return [];
  const wanted = [
    ...(Object.keys(outside.providerKeys).length > 0 ? ["providerKeys"] : []),
    ...(outside.webhookHosts.length > 0 ? ["webhookHosts"] : []),
    ...(outside.traces === undefined ? [] : ["traces"]),
    ...(outside.quotaWarnings === undefined ? [] : ["quotaWarnings"]),
  ];
  if (wanted.length === 0) return [];
  const wrong = `names no address, but ${wanted.join(", ")} must be reached`;
  const right = "address ranges, as in 203.0.113.0/24 or 0.0.0.0/0";
  return [{ path: "deepseek:outside.ranges", wrong, right }];
}

/** What only a Prometheus of the stack's own can do is refused where there is none. */
function oneWatcher({ monitoring, models }: Partial<Settings>): Fault[] {
  if (monitoring?.operator?.mode !== "instead") return [];
  const { operator, alerts, remoteWrite, grafana, webhook, nodePort: port } = monitoring;
  const scaled = (models ?? []).some(
    ({ server }) => server.engine !== "simulator" && server.scaling !== undefined,
  );
  const given: readonly (readonly [string, boolean])[] = [
    ["monitoring.nodePort", port !== undefined],
    ["monitoring.webhook", webhook !== undefined],
    ["monitoring.alerts.channels", alerts.channels.length > 0],
    ["monitoring.alerts.heartbeat", alerts.heartbeat !== undefined],
    ["monitoring.remoteWrite", remoteWrite !== undefined],
    ["monitoring.grafana.deployment", grafana?.deployment !== undefined],
    // KEDA asks the stack's own, and verifies it by the stack's authority.
    ["models[].server.scaling", scaled],
  ];
  const wrong =
    "is given, and monitoring.operator.mode instead leaves no Prometheus of the stack's";
  return [
    ...(operator.url === undefined
      ? [
          {
            path: "deepseek:monitoring.operator.url",
            wrong: "missing, and mode is instead",
            right: "where the cluster's Prometheus answers",
          },
        ]
      : []),
    ...given
      .filter(([, is]) => is)
      .map(([path]) => ({ path: `deepseek:${path}`, wrong, right: "mode beside, or nothing" })),
  ];
}

function oneArchive({ retention, cloud }: Partial<Settings>): Fault[] {
  if (retention?.archive === undefined || cloud === undefined) return [];
  const wrong = "is named, and on AWS the site's own bucket keeps the trail";
  return [{ path: "deepseek:retention.archive", wrong, right: "left out" }];
}

function auditFloor({ retention }: Partial<Settings>): Fault[] {
  if (retention === undefined) return [];
  const floor = AUDIT_DAYS_MIN[retention.profile];
  if (retention.auditDays >= floor) return [];
  return [
    {
      path: "deepseek:retention.auditDays",
      wrong: `is ${retention.auditDays}, below the floor of profile ${retention.profile}`,
      right: `at least ${floor}`,
    },
  ];
}

/** Places whose value stood earlier already. */
function repeated(values: readonly string[]): number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []));
}
