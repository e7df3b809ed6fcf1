/** Prometheus' files from typed data: scrape configuration, rules, and its own TLS. Pure. */
import { stringify } from "yaml";
import { JOBS } from "./jobs.ts";
import { type RemoteWrite, remoteWriteSection } from "./remote-write.ts";
import {
  type AlertRule,
  alertTexts,
  type Links,
  NO_LINKS,
  type RecordingRule,
} from "./rules/rule.ts";
import { RULE_GROUPS } from "./rules.ts";

export type ScrapeJob = Target & (Verified | Plain);

interface Verified {
  /** The name the certificate must carry; a pod's address is in none. */
  readonly serverName: string;
}

/** Of somebody else's that speaks no TLS: whoever answers there is believed in what begins so, and in nothing else. */
interface Plain {
  readonly plain: string;
}

interface Target {
  /** The label `job`. */
  readonly job: string;
  /** A headless Service: one address per pod. */
  readonly service: string;
  readonly port: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Where several are scraped under one name, which of them. */
  readonly part?: string;
  /** Default: /metrics. */
  readonly path?: string;
  /** A label that tells its pods apart beside `instance`, where rules know one that only discovery by Kubernetes gives. */
  readonly addressLabel?: string;
}

export interface PrometheusSettings {
  readonly scrapeSeconds: number;
  /** On whatever leaves: alerts, and samples that are written elsewhere. */
  readonly site: string;
  readonly jobs: readonly ScrapeJob[];
  /** host:port. */
  readonly alertmanager: string;
  /** The name in Prometheus' own certificate. */
  readonly self: string;
  readonly tlsFolder: string;
  readonly rulesFolder: string;
  /** Where samples go beside, and the folder of the files that it is shown. */
  readonly remoteWrite?: { readonly to: RemoteWrite; readonly filesFolder: string } | undefined;
}

export function prometheusConfiguration(settings: PrometheusSettings): string {
  const interval = `${settings.scrapeSeconds}s`;
  const { remoteWrite } = settings;
  return render({
    global: {
      ...{ scrape_interval: interval, evaluation_interval: interval, scrape_timeout: "5s" },
      external_labels: { site: settings.site },
    },
    rule_files: [`${settings.rulesFolder}/rules.yml`],
    alerting: {
      alertmanagers: [
        {
          scheme: "https",
          tls_config: verified(settings, hostOf(settings.alertmanager)),
          static_configs: [{ targets: [settings.alertmanager] }],
        },
      ],
    },
    ...(remoteWrite === undefined
      ? {}
      : { remote_write: [remoteWriteSection(remoteWrite.to, remoteWrite.filesFolder)] }),
    scrape_configs: [
      ...settings.jobs.map((job) => discovered(job, settings)),
      // Over loopback: no flow of the network has to be opened for it.
      fixed(JOBS.prometheus, "localhost:9090", settings.self, settings),
      fixed(JOBS.alertmanager, settings.alertmanager, hostOf(settings.alertmanager), settings),
    ],
  });
}

/** `jobs` are those that are scraped; a store that a cloud keeps, say, is watched there. */
export function prometheusRules(jobs: readonly string[], links: Links = NO_LINKS): string {
  return render({ groups: ruleGroups(jobs, links) });
}

/**
 * The same as an object of the Prometheus operator, for clusters whose own Prometheus scrapes more
 * than ours does: nodes, volumes, Kubernetes' objects. `labels` are those by which it finds rules.
 */
export function prometheusRuleObject(
  metadata: { readonly name: string; readonly namespace: string; readonly labels: object },
  jobs: readonly string[],
  links: Links,
  /** Nothing but alerts about these jobs. */
  only = false,
): object {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata,
    spec: { groups: ruleGroups(jobs, links, only) },
  };
}

/** Without groups in which nothing is left. */
function ruleGroups(jobs: readonly string[], links: Links, only = false): object[] {
  const isMeant = (rule: RecordingRule | AlertRule) => {
    const job = "record" in rule ? undefined : rule.job;
    return job === undefined ? !only : jobs.includes(job);
  };
  return RULE_GROUPS.map(({ name, rules }) => ({
    name,
    rules: rules
      .filter(isMeant)
      .map((rule) => ("record" in rule ? recording(rule) : alert(rule, links))),
  })).filter(({ rules }) => rules.length > 0);
}

/** The web configuration that Prometheus and Alertmanager share. */
export function webConfiguration(tlsFolder: string): string {
  return render({
    tls_server_config: {
      cert_file: `${tlsFolder}/tls.crt`,
      key_file: `${tlsFolder}/tls.key`,
      min_version: "TLS13",
    },
  });
}

/** DNS instead of the API server: Prometheus needs no right in the cluster at all. */
function discovered(job: ScrapeJob, settings: PrometheusSettings): object {
  const { service, port, labels = {}, part, path, addressLabel } = job;
  const relabel = Object.entries(labels).map(([target, replacement]) => ({
    target_label: target,
    replacement,
  }));
  return {
    job_name: part === undefined ? job.job : `${job.job}/${part}`,
    scheme: "plain" in job ? "http" : "https",
    ...(path === undefined ? {} : { metrics_path: path }),
    ...("plain" in job ? {} : { tls_config: verified(settings, job.serverName) }),
    dns_sd_configs: [{ names: [service], type: "A", port, refresh_interval: "10s" }],
    relabel_configs: [
      { target_label: "job", replacement: job.job },
      ...relabel,
      ...(addressLabel === undefined
        ? []
        : [{ source_labels: ["__address__"], target_label: addressLabel }]),
    ],
    ...("plain" in job ? onlyNamed(job.plain) : {}),
  };
}

/** A node of eight GPUs, each in seven slices, says some two thousand samples: more is somebody else. */
const PLAIN_SAMPLES_MAX = 5_000;
const PLAIN_BYTES_MAX = "8MB";

function onlyNamed(prefix: string): object {
  return {
    ...{ sample_limit: PLAIN_SAMPLES_MAX, body_size_limit: PLAIN_BYTES_MAX },
    metric_relabel_configs: [{ source_labels: ["__name__"], regex: `${prefix}.*`, action: "keep" }],
  };
}

function fixed(
  job: string,
  target: string,
  serverName: string,
  settings: PrometheusSettings,
): object {
  return {
    job_name: job,
    scheme: "https",
    tls_config: verified(settings, serverName),
    static_configs: [{ targets: [target] }],
  };
}

function verified(settings: PrometheusSettings, serverName: string): object {
  return {
    ca_file: `${settings.tlsFolder}/ca.crt`,
    server_name: serverName,
    min_version: "TLS13",
  };
}

function recording({ record, expr }: RecordingRule): object {
  return { record, expr };
}

function alert(rule: AlertRule, links: Links): object {
  return {
    alert: rule.alert,
    expr: rule.expr,
    ...(rule.for === undefined ? {} : { for: rule.for }),
    ...alertTexts(rule, links),
  };
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}

function render(document: object): string {
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}
