/** Everything a gateway is made of, built from its settings: files, stores, pools, telemetry. */
import { randomBytes } from "node:crypto";
import type { DestinationStream } from "pino";
import packageJson from "../package.json" with { type: "json" };
import { Administration } from "./admin/administration.ts";
import { Eraser } from "./admin/erasure.ts";
import { OwnKeys } from "./admin/own-keys.ts";
import { QuotaRequests } from "./admin/quota-requests.ts";
import type { AuditAnchorStore } from "./audit/audit-anchor-store.ts";
import type { AuditTrail } from "./audit/audit-trail.ts";
import { type Clock, systemClock } from "./base/clock.ts";
import { SealedBox } from "./base/sealed-box.ts";
import type { WatchedFile } from "./base/watched-file.ts";
import type { Config } from "./config.ts";
import { Refusals } from "./console/refusals.ts";
import { Remembered } from "./console/remembered.ts";
import { WordFilter } from "./content/word-filter.ts";
import { baselineEntities } from "./directory/baseline.ts";
import { Directory } from "./directory/directory.ts";
import type { Model } from "./documents.ts";
import { type Certificate, type Files, openFiles } from "./files.ts";
import { createFineTuning, type FineTuningMachinery } from "./fine-tuning-parts.ts";
import { Authenticators } from "./identity/authenticator.ts";
import { Identity } from "./identity/identity.ts";
import { LogIn } from "./identity/log-in.ts";
import { OutsideTokens } from "./identity/outside-tokens.ts";
import { Tokens } from "./identity/tokens.ts";
import { createJobMachine, type JobMachine } from "./job-parts.ts";
import { Contexts } from "./native/contexts.ts";
import { createProbes } from "./probe-parts.ts";
import { ProviderKeys } from "./proxy/provider-keys.ts";
import { providerModels } from "./proxy/provider-models.ts";
import { RouteTable } from "./proxy/route-table.ts";
import type { TargetProbes } from "./proxy/target-probes.ts";
import { UpstreamPools } from "./proxy/upstream-pools.ts";
import { createQuotas, type Quotas } from "./quota-parts.ts";
import { createRecords } from "./record-parts.ts";
import { StreamSockets } from "./sockets/stream-sockets.ts";
import { createSharedStores, type Database, openDatabase } from "./store-parts.ts";
import type { LedgerQueue } from "./stores/ledger-queue.ts";
import type { LedgerStore } from "./stores/ledger-store.ts";
import type { SharedStore } from "./stores/shared-store.ts";
import { createLog, type Log } from "./telemetry/log.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";
import { createTraces, NO_TRACES, type Traces } from "./telemetry/traces.ts";

export interface Parts extends JobMachine, Quotas, FineTuningMachinery {
  readonly config: Config;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly traces: Traces;
  readonly directory: Directory;
  readonly identity: Identity;
  readonly logIn: LogIn;
  readonly authenticators: Authenticators;
  readonly contexts: Contexts;
  readonly shared: SharedStore;
  /** Seals conversations and kept answers; null: this gateway keeps none. */
  readonly boxForAnswers: () => SealedBox | null;
  readonly administration: Administration;
  readonly ownKeys: OwnKeys;
  readonly quotaRequests: QuotaRequests;
  readonly eraser: Eraser;
  readonly wordFilter: WordFilter;
  readonly routes: RouteTable;
  readonly pools: UpstreamPools;
  /** For targets outside of the site: verified with Node's own CAs. */
  readonly outsidePools: UpstreamPools;
  readonly providerKeys: ProviderKeys;
  /** null: model servers are known by real traffic only. */
  readonly probes: TargetProbes | null;
  readonly sockets: StreamSockets;
  readonly ledger: LedgerStore;
  readonly tellTransfers: Database["tellTransfers"];
  readonly ledgerQueue: LedgerQueue;
  /** For the console. */
  readonly refusals: Refusals;
  readonly remembered: Remembered;
  /** null: no trail is kept. */
  readonly audit: AuditTrail | null;
  readonly anchors: AuditAnchorStore;
  /** null: plain HTTP. */
  readonly certificate: WatchedFile<Certificate> | null;
  readonly close: () => Promise<void>;
}

/** Throws where a file cannot be read or is malformed: the gateway must not start half. */
export function createParts(config: Config, destination?: DestinationStream): Parts {
  const log = createLog({
    level: config.GW_LOG_LEVEL,
    site: config.GW_SITE,
    instance: config.GW_INSTANCE,
    ...(destination === undefined ? {} : { destination }),
  });
  const metrics = createMetrics(packageJson.version);
  const files = openFiles(config, (file, cause) => {
    metrics.reloadFaults.inc({ file });
    log.error({ file, cause }, "a new version of a file is refused; the former stays in force");
  });
  const clock = systemClock;
  const ca = () => files.ca?.current ?? null;
  const upstreams = createUpstreams(config, files, clock, metrics, log);
  const storesCa = () => files.storesCa?.current ?? ca();
  const { quota: quotaStore, shared } = createSharedStores(config, clock, storesCa, log);
  const database = openDatabase(config, storesCa, log);
  const directory = createDirectory(files, database.directory, clock, metrics, log);
  const known = config.GW_PROVIDER_MODELS === "on" ? providerModels() : [];
  followModels(upstreams.routes, files, directory, known);
  const boxForAnswers = createBoxForAnswers(config, files);
  const records = createRecords(config, database, clock, metrics, log);
  const box = boxForAnswers;
  const jobMachine = createJobMachine({ config, jobs: database.jobs, box, clock, metrics, log });
  const { webhooks } = jobMachine;
  const quotas = createQuotas({ config, quotaStore, shared, webhooks, clock, metrics, log });
  const traces = openTraces(config, ca, metrics);
  const close = async () => {
    for (const file of Object.values(files)) file?.stop();
    upstreams.providerKeys.stop();
    const { pools, outsidePools } = upstreams;
    await Promise.allSettled([webhooks.close(), quotas.quotaWarnings?.stop()]);
    const pooled = [pools.destroy(), outsidePools.destroy()];
    await Promise.allSettled([quotas.quota.close(), directory.close(), ...pooled]);
    await Promise.all([database.close(), traces.close()]);
  };
  return {
    config,
    version: packageJson.version,
    clock,
    log,
    metrics,
    traces,
    directory,
    ...createIdentity(config, files, directory, shared, clock),
    ...createAdministration(files, directory, clock),
    eraser: createEraser(config, clock, directory, shared, database, jobMachine),
    ...createFineTuning({ config, files, store: database.fineTunings, clock, metrics, log }),
    contexts: new Contexts(shared, boxForAnswers),
    shared,
    boxForAnswers,
    wordFilter: new WordFilter(directory),
    ...upstreams,
    sockets: new StreamSockets(metrics, clock),
    ...quotas,
    ledger: database.ledger,
    tellTransfers: database.tellTransfers,
    refusals: new Refusals(),
    remembered: new Remembered(clock),
    anchors: database.anchors,
    ...records,
    ...jobMachine,
    certificate: files.certificate,
    close,
  };
}

/** What changes the directory: administrators, and owners of keys. */
function createAdministration(files: Files, directory: Directory, clock: Clock) {
  const box = () => files.dataKeys?.current ?? null;
  return {
    administration: new Administration({ directory, clock, box }),
    ownKeys: new OwnKeys({ directory, clock, box }),
    quotaRequests: new QuotaRequests(directory, clock),
  };
}

function createEraser(
  config: Config,
  clock: Clock,
  directory: Directory,
  shared: SharedStore,
  { jobs, fineTunings, ledger }: Database,
  { jobRunner }: JobMachine,
): Eraser {
  const abortJob = (id: string) => jobRunner.abort(id);
  const auditDays = config.GW_AUDIT_RETENTION_DAYS;
  return new Eraser({ directory, jobs, fineTunings, shared, ledger, abortJob, auditDays, clock });
}

function openTraces(config: Config, ca: () => string | null, metrics: Metrics): Traces {
  const { GW_OTLP_ENDPOINT: endpoint, GW_SITE: site, GW_INSTANCE: instance } = config;
  if (endpoint === undefined) return NO_TRACES;
  return createTraces({
    endpoint,
    sampleShare: config.GW_TRACE_SAMPLE_PERCENT / 100,
    version: packageJson.version,
    site,
    instance,
    ca,
    onLost: (spans) => metrics.spansLost.inc(spans),
  });
}

/** Who serves, how they are reached, and whether they are well. */
function createUpstreams(config: Config, files: Files, clock: Clock, metrics: Metrics, log: Log) {
  const answerTimeoutMs = config.GW_ANSWER_TIMEOUT_MS;
  const pools = new UpstreamPools({ ca: files.ca?.current ?? null, answerTimeoutMs });
  files.ca?.onChange((pem) => pools.setCa(pem));
  const routes = new RouteTable(files.routes.current, clock);
  return {
    routes,
    pools,
    outsidePools: new UpstreamPools({ ca: null, answerTimeoutMs }),
    providerKeys: new ProviderKeys(config.GW_PROVIDERS_FOLDER ?? null),
    probes: createProbes(config, { routes, pools, clock, metrics, log }),
  };
}

function createDirectory(
  files: Files,
  store: ConstructorParameters<typeof Directory>[0]["store"],
  clock: Clock,
  metrics: Metrics,
  log: Log,
): Directory {
  const directory = new Directory({
    store,
    clock,
    onFault: (cause) => {
      metrics.directoryFaults.inc();
      log.warn({ cause }, "the directory cannot be read; what was read last stays in force");
    },
  });
  const read = () =>
    directory.setFiles(
      baselineEntities({
        keys: files.keys.current,
        tiers: files.tiers?.current ?? null,
        directory: files.directory?.current ?? null,
      }),
    );
  read();
  for (const file of [files.keys, files.tiers, files.directory]) file?.onChange(read);
  return directory;
}

/**
 * Models of the routes file, those that administrators added beside them, and the providers' own:
 * of one name the earlier one counts.
 */
function followModels(
  routes: RouteTable,
  files: Files,
  directory: Directory,
  known: readonly Model[],
): void {
  const read = () => {
    const added = directory.list("model").map(({ entity }) => entity);
    const models = new Map<string, Model>();
    for (const model of [...files.routes.current.models, ...added, ...known]) {
      if (!models.has(model.id)) models.set(model.id, model);
    }
    routes.replace({ models: [...models.values()] });
  };
  read();
  files.routes.onChange(read);
  directory.onChange(read);
}

function createIdentity(
  config: Config,
  files: Files,
  directory: Directory,
  shared: SharedStore,
  clock: Clock,
): { identity: Identity; logIn: LogIn; authenticators: Authenticators } {
  const box = () => files.dataKeys?.current ?? null;
  const { tokenSecrets, edgeToken, oidc } = files;
  const tokens = tokenSecrets === null ? null : new Tokens(() => tokenSecrets.current, clock);
  const header = config.GW_CLIENT_CERTIFICATE_HEADER;
  const identity = new Identity({
    directory,
    shared,
    clock,
    tokens,
    box,
    adminTotp: config.GW_ADMIN_TOTP === "required",
    outside: oidc === null ? null : new OutsideTokens(() => oidc.current, directory, clock),
    edge:
      header === undefined || edgeToken === null
        ? null
        : { header, token: () => edgeToken.current },
  });
  const authenticators = new Authenticators({ directory, shared, clock, box });
  return { identity, logIn: new LogIn({ directory, shared, clock, tokens, box }), authenticators };
}

/** What only this process keeps may be sealed by a key that only it has. */
function createBoxForAnswers(config: Config, files: Files): () => SealedBox | null {
  const own =
    config.GW_SHARED_STORE === "memory"
      ? new SealedBox(`process:${randomBytes(32).toString("base64")}`)
      : null;
  return () => files.dataKeys?.current ?? own;
}
