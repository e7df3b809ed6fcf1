/**
 * A request's life, top to bottom: the ordered steps of each kind of endpoint.
 *
 *   observe          metrics, log line, every error becomes an answer
 *   requestId        names the request
 *   trace            a span of it, where calls are traced
 *   crossOrigin      what a browser of another page may see; apiVersion: the one there is
 *   audit            one event of the audit trail for each call, whatever its end
 *   identify         who calls                               → context.caller (or context.signed)
 *   readBody         bounded in size and time                → context.body
 *   verifySignature  of signed calls, now that the body is there
 *   permit           does a role of the caller allow this kind of call
 *   idempotency      the same key, the same answer
 *   parseCall        what is asked for; converse, decideRisk: the same for other APIs → context.call
 *   authorise        may it be, with this model; auto: which → context.model
 *   admit            quota: reserved at its bound, settled at the end
 *   recordUsage      the ledger: opened, settled
 *   filter           the word lists over what is asked, and ready for the answer
 *   cache            the same question, the same answer
 *   schedule         a fair queue, where a model takes only so many
 *   forward          route, send, relay                      → context.usage, target, fault
 */
import { ByteBudget } from "./base/byte-budget.ts";
import type { RequestContext, Step } from "./context.ts";
import type { Permission } from "./directory/entities.ts";
import type { EndpointRow } from "./endpoints.ts";
import { GatewayError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { Parts } from "./parts.ts";
import { isOffered } from "./proxy/eligible-targets.ts";
import { administer } from "./steps/administer.ts";
import { admit } from "./steps/admit.ts";
import { apiVersion } from "./steps/api-version.ts";
import { asJob } from "./steps/as-job.ts";
import { audit } from "./steps/audit.ts";
import { type AuthoriseParts, authorise, permit } from "./steps/authorise.ts";
import { cache } from "./steps/cache.ts";
import { converse, forgetContext } from "./steps/converse.ts";
import { createFineTuning, parseFineTuning } from "./steps/create-fine-tuning.ts";
import { crossOrigin, preflight } from "./steps/cross-origin.ts";
import { decideRisk } from "./steps/decide-risk.ts";
import { erase } from "./steps/erase.ts";
import { filter } from "./steps/filter.ts";
import { forward } from "./steps/forward.ts";
import { idempotency } from "./steps/idempotency.ts";
import { identify, verifySignature } from "./steps/identify.ts";
import { issueToken } from "./steps/issue-token.ts";
import { lifecycle } from "./steps/lifecycle.ts";
import { listModels, showModel } from "./steps/list-models.ts";
import { observe } from "./steps/observe.ts";
import { openSocket, socketOrigin } from "./steps/open-socket.ts";
import { makeTemporaryKey, rotateOwnKey } from "./steps/own-keys.ts";
import { parseCall } from "./steps/parse-call.ts";
import { askForQuota, decideQuota, listQuotaRequests } from "./steps/quota-requests.ts";
import { FORM_TYPE, readBody, readOptionalBody } from "./steps/read-body.ts";
import { recordUsage } from "./steps/record-usage.ts";
import { requestId } from "./steps/request-id.ts";
import { schedule } from "./steps/schedule.ts";
import { exportAudit, showAuditEvents, verifyAudit } from "./steps/show-audit.ts";
import { showConsole } from "./steps/show-console.ts";
import {
  cancelFineTuning,
  listFineTuningEvents,
  listFineTunings,
  showFineTuning,
} from "./steps/show-fine-tuning.ts";
import { cancelJob, listJobs, showJob } from "./steps/show-job.ts";
import { showQuota } from "./steps/show-quota.ts";
import { beginEnrolment, changePassword, confirmEnrolment, showSelf } from "./steps/show-self.ts";
import { showDailyUsage, showUsage } from "./steps/show-usage.ts";
import { submitJob } from "./steps/submit-job.ts";
import { part, trace } from "./steps/trace.ts";

export type Pipeline = (context: RequestContext) => Promise<void>;

export interface Pipelines {
  readonly of: Readonly<Record<EndpointRow["does"], Pipeline>>;
  /** A job's turn. */
  readonly runJob: Pipeline;
  /** OPTIONS, on every path: a browser asks before it calls. */
  readonly preflight: Pipeline;
  /** Every path and method that does not exist. */
  readonly refused: (code: "not_found" | "method_not_allowed" | "not_ready") => Pipeline;
}

export function createPipelines(parts: Parts): Pipelines {
  const trunk = createTrunk(parts);
  const { named, seen } = trunk;
  return {
    of: {
      ...calls(parts, trunk),
      ...jobs(parts, trunk),
      ...fineTuning(parts, trunk),
      ...views(parts, trunk),
      ...people(parts, trunk),
    },
    runJob: compose([
      ...named,
      audit(parts.audit, parts.metrics),
      asJob(parts.identity),
      permit("inference"),
      parseCall(),
      ...trunk.call,
    ]),
    preflight: compose([...named, preflight(trunk.origins)]),
    refused: (code) =>
      compose([
        ...seen,
        async function refused() {
          throw new GatewayError(code);
        },
      ]),
  };
}

type Trunk = ReturnType<typeof createTrunk>;
type Does = EndpointRow["does"];

/** What the pipelines of several endpoints begin or end with. */
function createTrunk(parts: Parts) {
  const { config, identity } = parts;
  const origins = new Set(config.GW_CORS_ORIGINS);
  const named = [
    observe(parts),
    requestId(config.GW_CLIENT_ADDRESS_HEADER ?? null),
    trace(parts.traces),
  ];
  const seen = [...named, crossOrigin(origins), apiVersion(), audit(parts.audit, parts.metrics)];
  const known = [...seen, identify(identity, parts.clock)];
  const authorised = authorise(authoriseParts(parts));
  // A signed call without a body signs the empty one.
  const withoutBody = [...known, verifySignature(identity, parts.clock)];
  return {
    origins,
    named,
    seen,
    known,
    withoutBody,
    withBody: [...known, readBody(), verifySignature(identity, parts.clock)],
    withLargeBody: [
      ...known,
      readBody(...imageBodies(parts)),
      verifySignature(identity, parts.clock),
    ],
    authorised,
    call: [authorised, lifecycle(parts.clock), ...served(parts)],
    read: (permission: Permission, ...steps: Step[]) =>
      compose([...withoutBody, permit(permission), ...steps]),
  };
}

/** Calls of models. */
function calls(parts: Parts, trunk: Trunk) {
  const { seen, withBody, withLargeBody, call, origins, read } = trunk;
  const { contexts, clock, identity } = parts;
  const once = idempotency(parts.shared, parts.boxForAnswers);
  const inference = [...withBody, permit("inference"), once];
  return {
    inference: compose([...withLargeBody, permit("inference"), once, parseCall(), ...call]),
    converse: compose([...inference, converse(contexts), ...call]),
    decideRisk: compose([...inference, decideRisk(clock), ...call]),
    forgetContext: read("inference", forgetContext(contexts)),
    openSocket: compose([
      ...seen,
      socketOrigin(origins),
      identify(identity, parts.clock),
      verifySignature(identity, parts.clock),
      permit("inference"),
      openSocket(),
    ]),
  } satisfies Partial<Record<Does, Pipeline>>;
}

/** Calls that are answered later. */
function jobs(parts: Parts, { withBody, authorised, read }: Trunk) {
  const { clock, webhooks, jobRunner } = parts;
  const kept = { store: parts.jobs, box: parts.boxForAnswers };
  const wake = () => jobRunner.wake();
  const abort = (id: string) => jobRunner.abort(id);
  return {
    submitJob: compose([
      ...withBody,
      permit("inference"),
      parseCall(),
      authorised,
      submitJob({ ...kept, webhooks, clock, wake }),
    ]),
    listJobs: read("inference", listJobs(kept)),
    showJob: read("inference", showJob(kept)),
    cancelJob: read("inference", cancelJob({ ...kept, clock, wake, abort })),
  } satisfies Partial<Record<Does, Pipeline>>;
}

/** Models that are trained further. */
function fineTuning(parts: Parts, { withBody, read }: Trunk) {
  const { clock, routes, directory, config, fineTuning: machine } = parts;
  const kept = { store: parts.fineTunings };
  const wake = () => machine.wake();
  const created = {
    ...kept,
    clock,
    routes,
    directory,
    wake,
    isOn: machine.driver !== null,
    openPerPrincipal: config.GW_FINE_TUNING_OPEN_PER_PRINCIPAL,
    openPerTenant: config.GW_FINE_TUNING_OPEN_PER_TENANT,
  };
  return {
    createFineTuning: compose([
      ...withBody,
      permit("fine-tune"),
      parseFineTuning(created),
      lifecycle(clock),
      createFineTuning(created),
    ]),
    listFineTunings: read("fine-tune", listFineTunings(kept)),
    showFineTuning: read("fine-tune", showFineTuning(kept)),
    listFineTuningEvents: read("fine-tune", listFineTuningEvents(kept)),
    cancelFineTuning: read("fine-tune", cancelFineTuning({ ...kept, clock, wake })),
  } satisfies Partial<Record<Does, Pipeline>>;
}

/** What there is, and what was used of it. */
function views(parts: Parts, { read }: Trunk) {
  const { routes, providerKeys, ledger, clock, config } = parts;
  return {
    listModels: read("models:read", listModels(routes, providerKeys)),
    showModel: read("models:read", showModel(routes, providerKeys)),
    showUsage: read("usage:read", showUsage(ledger, clock)),
    showDailyUsage: read("usage:read", showDailyUsage(ledger, clock)),
    showQuota: read("usage:read", showQuota(parts.quota)),
    showConsole: read(
      "usage:read",
      showConsole({ ...parts, site: config.GW_SITE, instance: config.GW_INSTANCE }),
    ),
  } satisfies Partial<Record<Does, Pipeline>>;
}

/** Who somebody is, and what administrators do. */
function people(parts: Parts, { seen, known, withBody, withoutBody, read }: Trunk) {
  const { directory, logIn, authenticators, administration, identity, anchors, clock, config } =
    parts;
  const trail = {
    trail: parts.audit,
    anchors,
    clock,
    site: config.GW_SITE,
    writer: config.GW_INSTANCE,
  };
  return {
    showAuditEvents: read("admin:audit", showAuditEvents(trail)),
    exportAudit: read("admin:audit", exportAudit(trail)),
    verifyAudit: read("admin:audit", verifyAudit(trail)),
    makeTemporaryKey: compose([...withBody, permit("inference"), makeTemporaryKey(parts.ownKeys)]),
    rotateOwnKey: compose([
      ...known,
      readOptionalBody(),
      verifySignature(identity, parts.clock),
      permit("inference"),
      rotateOwnKey(parts.ownKeys),
    ]),
    listQuotaRequests: read("usage:read", listQuotaRequests(parts.quotaRequests)),
    askForQuota: compose([...withBody, permit("usage:read"), askForQuota(parts.quotaRequests)]),
    decideQuota: compose([...withBody, permit("admin:system"), decideQuota(parts.quotaRequests)]),
    erase: compose([...withBody, permit("admin:security"), erase(parts.eraser)]),
    issueToken: compose([...seen, readBody(FORM_TYPE), issueToken(logIn)]),
    // Also for those who must change their password first: no permission is asked.
    showSelf: compose([...withoutBody, showSelf(directory)]),
    changePassword: compose([...withBody, changePassword(logIn)]),
    beginEnrolment: compose([...withBody, beginEnrolment(logIn, authenticators)]),
    confirmEnrolment: compose([...withBody, confirmEnrolment(authenticators)]),
    // The permission depends on what is administered, so the step itself asks for it.
    administer: compose([...withoutBody, administer(administration)]),
    administerBody: compose([
      ...known,
      readOptionalBody(),
      verifySignature(identity, parts.clock),
      administer(administration),
    ]),
  } satisfies Partial<Record<Does, Pipeline>>;
}

function authoriseParts(parts: Parts): AuthoriseParts {
  const { routes, directory, clock, providerKeys, config } = parts;
  const preferred = config.GW_AUTO_MODELS ?? [];
  const maxTokensDefault = config.GW_MAX_TOKENS_DEFAULT;
  return { routes, directory, clock, providerKeys, preferred, maxTokensDefault };
}

/** Chats may have room for images, where a model takes them. */
function imageBodies(parts: Parts): Parameters<typeof readBody> {
  const allows = ({ endpoint }: RequestContext) => endpoint.api === "chat" && offersVision(parts);
  return [undefined, undefined, { allows, budget: new ByteBudget(limits.largeBodiesBytesMax) }];
}

function offersVision({ routes, providerKeys }: Parts): boolean {
  return routes
    .all()
    .some(
      ({ model }) =>
        model.capabilities.includes("vision") &&
        isOffered(model, (provider) => providerKeys.of(provider) !== undefined),
    );
}

/** From admission to the answer. */
function served(parts: Parts): Step[] {
  const { config, clock, directory, metrics } = parts;
  const maxTokensDefault = config.GW_MAX_TOKENS_DEFAULT;
  const answerTimeoutMs = config.GW_ANSWER_TIMEOUT_MS;
  return [
    part(
      "reserve quota",
      admit({
        quota: parts.quota,
        waiters: parts.quotaWaiters,
        warnings: parts.quotaWarnings,
        routes: parts.routes,
        directory,
        metrics,
        clock,
        maxTokensDefault,
        answerTimeoutMs,
      }),
    ),
    recordUsage({
      ledger: parts.ledgerQueue,
      directory,
      clock,
      site: config.GW_SITE,
      instance: config.GW_INSTANCE,
    }),
    filter(parts.wordFilter),
    cache({
      shared: parts.shared,
      box: parts.boxForAnswers,
      words: parts.wordFilter,
      metrics,
      entriesMax: config.GW_CACHE_ENTRIES_MAX,
      ttlMs: config.GW_CACHE_TTL_SECONDS * 1000,
    }),
    part("wait for a turn", schedule({ metrics, clock })),
    forward({
      routes: parts.routes,
      pools: parts.pools,
      outsidePools: parts.outsidePools,
      providerKeys: parts.providerKeys,
      metrics,
      clock,
      maxTokensDefault,
      answerTimeoutMs,
      streamTimeoutMs: config.GW_STREAM_TIMEOUT_MS,
    }),
  ];
}

/** Step by step from the outside in; a step that calls `next` twice is a defect. */
function compose(steps: readonly Step[]): Pipeline {
  return (context) => {
    // The step's own promise is passed on: a second one around each of some twenty costs a call more.
    const dispatch = (index: number): Promise<void> => {
      const step = steps[index];
      if (step === undefined) return ENDED;
      let called = false;
      return step(context, () => {
        if (called) throw new Error(`${step.name} called next twice`);
        called = true;
        return dispatch(index + 1);
      });
    };
    return dispatch(0);
  };
}

const ENDED = Promise.resolve();
