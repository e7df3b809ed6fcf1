/**
 * Every bound of the gateway that is not a setting, in one place, with its reason. The relations
 * between bounds are asserted when the file is loaded, so a careless change stops the start.
 */
import { assert } from "./base/assert.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

export const limits = {
  /** The edge accepts 1 MB (decimal, nginx `1m` is 1 MiB); the gateway must accept all of it. */
  bodyBytesMax: 1 * MIB,
  /** Node's default of 16 KiB is twice what the edge lets through (4 buffers of 8 KiB at most). */
  headerBytesMax: 16 * KIB,
  /** Room for image parts beyond that, in chats where a model takes them: some six photographs. */
  imageBodyBytesMax: 8 * MIB,
  /** Of all bodies above the usual size that are read or waited for at the same time. */
  largeBodiesBytesMax: 64 * MIB,
  largeBodiesRetryMs: 1_000,
  imagesMax: 16,
  /** Qwen's vision models take 12,845,056 pixels of an image at most and make a token of 28 x 28. */
  imageTokensMax: 16_384,
  /** An answer that fits one packet of a network gains nothing by being smaller. */
  compressedBytesMin: 1_400,
  /** A JSON body nested deeper than this is an attack on the parser, not a prompt. */
  jsonDepthMax: 64,
  /** A client has this long to send its headers (Node's requestTimeout covers the body too). */
  headersTimeoutMs: 10_000,
  /** The same 10 s that the edge gives a client between two reads of a body, times six. */
  bodyTimeoutMs: 60_000,
  /** How often Node looks for connections beyond the two times above; its own 30 s is too rare. */
  timeoutCheckMs: 2_000,
  /** Edge pods keep far fewer; beyond this a flood is shed before it takes memory. */
  connectionsMax: 10_000,
  /** Idle connections from the edge are kept longer than nginx keeps them (60 s), so that the
   * edge, not the gateway, closes first and never writes into a closed connection. */
  keepAliveTimeoutMs: 75_000,

  /** TCP and TLS to a pod of the same cluster take milliseconds; 3 s covers one lost SYN. */
  upstreamConnectTimeoutMs: 3_000,
  /** Connections to one model server: above vLLM's own max-num-seqs default of 256 they queue. */
  upstreamConnectionsMax: 512,
  /** vLLM closes idle connections after 5 s by default. We must let go first, and undici counts looks half a second apart, which come later when busy. */
  upstreamKeepAliveTimeoutMs: 2_500,
  /** One event of a stream; log probabilities of 20 alternatives stay far below. */
  eventBytesMax: 1 * MIB,
  /** A whole answer held in memory: 2048 embeddings of 1024 numbers are some 25 MB. */
  answerBytesMax: 32 * MIB,
  /** The part of an upstream's error that is read to explain it. */
  errorBytesMax: 64 * KIB,
  /** Of a prompt's beginning, what decides where it goes: a system message of some 500 tokens. */
  affinityCharactersMax: 2 * KIB,
  /** Silence after which a stream gets a comment, so that proxies do not close it. */
  heartbeatMs: 15_000,
  /** A client that takes nothing for this long is gone or hostile; the model server is freed. */
  slowReaderTimeoutMs: 60_000,

  /** Faults in a row after which a target is left alone. */
  ejectionFaults: 3,
  ejectionMsMin: 5_000,
  ejectionMsMax: 60_000,

  /**
   * Between two probes of a model server: one that returns serves within two seconds. vLLM answers
   * in about a millisecond, so ten gateways cost it a hundredth of its web server's time.
   */
  probeIntervalMs: 1_000,
  /** The share of it by which each turn is moved. */
  probeJitter: 0.2,
  /** How often it is looked whose turn has come. */
  probeLookMs: 100,
  /** Idle, it answers at once; one that was given no processor for a moment is not away. */
  probeTimeoutMs: 2_000,
  /** Of all model servers: those that hang must not hold up the turns of many others. */
  probesAtOnce: 16,
  /** Failures in a row after which a target without traffic is left alone. */
  probeFaults: 3,

  /**
   * One of so many calls of a model may be sent to a second server: where all of them are slow,
   * their load grows by a twentieth and no more.
   */
  hedgeCallsEach: 20,
  /** What is saved up for a server that stalls while many wait: "recent" are the last 100 calls. */
  hedgesSavedMax: 5,
  /**
   * How long after its head a stream's first event decides who was first. Comments against silence
   * begin after it, so with their time it must stay well below the edge's read time-out.
   */
  hedgeSilenceMs: 5_000,

  /**
   * Redis answers in under 1 ms; beyond this the caller is better refused than kept. A program that
   * was given no processor for half a second finds the answer late, so less would refuse for nothing.
   * One that is gone is known at once.
   */
  quotaTimeoutMs: 2_000,
  /**
   * How long what Redis said of a caller's limits is good enough to begin a call by. A wrong guess
   * costs a call that is stopped at a model server, once for each caller and this time.
   */
  headroomKnownMs: 10_000,
  /** Callers of one gateway who wait for a limit; beyond them the next is refused. */
  quotaWaitersMax: 1_000,
  /** Who waits for a limit looks again after this at the latest: others may have settled elsewhere. */
  quotaLookMs: 1_000,
  /** Calls that wait for one model on one gateway, and for how long. */
  queueWaitingMax: 1_000,
  queueTimeoutMs: 30_000,
  /** A slot whose gateway died is free again after this; a living gateway renews in time. */
  leaseMs: 90_000,
  leaseRenewalMs: 30_000,

  /** One connection writes the ledger, one answers about usage, the rest serve the directory. */
  postgresConnectionsMax: 5,
  /** Rows per insert: PostgreSQL allows 65,535 parameters, a row has fewer than 25. */
  ledgerBatchRowsMax: 500,
  ledgerFlushMs: 50,
  ledgerTimeoutMs: 5_000,
  /** How often it is looked whether rows were exported or merged, which the audit trail is told. */
  ledgerTransferLookMs: 30_000,
  /** How much of a running stream a death of the gateway may leave uncounted. */
  ledgerCheckpointMs: 1_000,
  /** Between two tries while PostgreSQL is away. */
  ledgerRetryMs: 1_000,

  /** An answer may be asked for again for a day, if it is no larger than what callers send. */
  idempotencyTtlMs: 86_400_000,
  idempotencyBytesMax: 1 * MIB,
  /** A call that holds a key and dies lets it go after the longest whole answer. */
  idempotencyLockMs: 120_000,

  /** An answer of some 16,000 tokens; with 2,000 places the cache stays below 128 MiB. */
  cacheEntryBytesMax: 64 * KIB,

  /** How often a gateway looks for jobs that others left; its own are taken at once. */
  jobPollMs: 1_000,
  /** A job whose gateway died is taken again after this; a living gateway renews in time. */
  jobLeaseMs: 60_000,
  /** Also how soon a cancelled job is stopped on another gateway. */
  jobRenewalMs: 5_000,
  jobAttemptsMax: 4,
  /** What could not be computed within a day is of no use. */
  jobDeadlineMs: 86_400_000,
  /** How long a result can be fetched. */
  jobResultTtlMs: 86_400_000,
  /** Queued and running ones of one principal. */
  jobsOpenMax: 1_000,
  /** With waits that double to ten minutes: about an hour and a half. */
  webhookAttemptsMax: 18,
  webhookTimeoutMs: 10_000,
  webhooksAtOnce: 8,

  /** How often a gateway looks for fine-tuning jobs that others left. */
  fineTuningPollMs: 1_000,
  /** Between two looks at one that goes on: training takes minutes to days. */
  fineTuningLookMs: 10_000,
  /** One look: at most three requests to the API server, which answers in milliseconds. */
  fineTuningTimeoutMs: 15_000,
  /** Looks at once of one gateway, and as many removals. */
  fineTuningsAtOnce: 4,
  /** Looks that failed are repeated later and later, up to this. */
  fineTuningRetryMsMax: 60_000,
  /** Times that the API server may refuse to begin one: a right that is missing may be on its way. */
  fineTuningRefusalsMax: 5,
  /** With waits that double to a minute: some ten hours. Then administrators must remove it. */
  fineTuningRemovalsMax: 600,
  /** What has not ended after two weeks hangs. */
  fineTuningDeadlineMs: 14 * 86_400_000,
  /** Who trained which model from what is asked for long after. */
  fineTuningTtlMs: 366 * 86_400_000,
  /** Kubernetes keeps 4 KiB of a termination message; a list of pods and a Job are some 100 KiB. */
  kubernetesAnswerBytesMax: 1 * MIB,

  /** A bank's own figure: a decision that comes later is of no use to the payment. */
  riskDeadlineMs: 200,
  /** One of three words has some five tokens. */
  riskTokensMax: 16,

  /** A conversation of the native API ends this long after its last turn. */
  contextTtlMs: 3_600_000,
  contextTurnsMax: 20,
  /** Some 16,000 tokens of Latin script: beyond it the oldest turns go. */
  contextBytesMax: 64 * KIB,

  /** A segment of the audit trail: some 30,000 calls; small enough to read whole. */
  auditSegmentBytesMax: 16 * MIB,
  /** How often it is looked whether a segment's time is over: little beside the shortest, a minute. */
  auditSealLookMs: 5_000,
  /** How often days whose time is over are looked for. */
  auditPruneMs: 3_600_000,
  /** A change of the trail is found within so long; a trail that takes longer to read, later. */
  auditSelfCheckMs: 600_000,
  /** A check takes one part in fifty of the time: 2 % of one core, and of the disk. */
  auditSelfCheckRest: 49,
  /** How much of a trail may be cut off without an anchor knowing it. */
  auditAnchorMs: 10_000,

  /** A segment of the write-ahead log, and all of them together: some 500,000 rows. */
  writeAheadSegmentBytesMax: 16 * MIB,
  writeAheadBytesMax: 256 * MIB,

  /** A WebSocket's message: the largest body, and the words around it. */
  socketMessageBytesMax: 1 * MIB + 8 * KIB,
  /** Calls at once on one connection: some pages and programs multiplex, none needs hundreds. */
  socketCallsMax: 16,
  /** Each holds some 20 KiB while nothing runs. */
  socketsMax: 2_000,
  socketsPerPrincipalMax: 100,
  /** Messages that are no calls, after which the connection is closed. */
  socketFaultsMax: 20,
  /** Refusals that nobody reads. */
  socketRefusalBytesMax: 64 * KIB,
  /** A quarter of the edge's read time-out: one lost ping does not cost the connection there. */
  socketPingMs: 30_000,
  socketIdleMs: 300_000,
  /** Then it is opened anew, perhaps on a gateway that has started since. */
  socketAgeMs: 3_600_000,
  /** How long a stopping gateway waits for the last closing handshakes. */
  socketCloseMs: 1_000,

  /** Attempts to log in from one address. */
  loginsPerMinute: 5,
  /** Failures in a row for one name, after which it pauses. */
  loginFailuresMax: 10,
  loginPauseMs: 300_000,
  /** Between an authenticator's secret and the code that proves that it has arrived. */
  enrolmentMs: 600_000,
  /** NIST SP 800-63B-4: 15 where a password is the only factor. */
  passwordLengthMin: 15,
  /** Of one principal at the same time. */
  temporaryKeysMax: 50,
  quotaRequestsOpenMax: 5,
  /** Of one principal, beside the open ones. */
  quotaRequestsKept: 20,
  /** Two weeks before a key ends its answers say so. */
  keyEndSaidMs: 14 * 86_400_000,
  /** How often a gateway asks for changes of the directory: a revoked key is refused in two seconds. */
  directoryPollMs: 1_000,
  /** And for the sake of strangers: four short questions a second, however many there are. */
  directoryLookMs: 250,

  /** Spans that wait for a collector; beyond them they are dropped and counted. */
  spansWaitingMax: 4_096,
  spansFlushMs: 2_000,
  spansTimeoutMs: 5_000,

  /** Series for the label `user`; later principals are counted together as "other". */
  userLabelsMax: 200,
  /** The same of the label `tenant`. */
  tenantLabelsMax: 100,
  /** How often mounted files are compared with what was read. */
  reloadMs: 2_000,
  /** A request id from outside is taken when it is this short and plain. */
  requestIdLengthMax: 128,
} as const;

assert(limits.headersTimeoutMs < limits.bodyTimeoutMs, "headers come before the body");
assert(limits.timeoutCheckMs < limits.headersTimeoutMs, "a time-out is noticed near its time");
assert(limits.heartbeatMs < limits.slowReaderTimeoutMs, "a heartbeat precedes the verdict 'gone'");
assert(limits.jobRenewalMs * 2 < limits.jobLeaseMs, "one renewal may fail without losing a job");
assert(limits.fineTuningTimeoutMs * 2 < limits.jobLeaseMs, "a look ends before its lease does");
assert(limits.leaseRenewalMs * 2 < limits.leaseMs, "one renewal may fail without losing a slot");
assert(limits.errorBytesMax <= limits.answerBytesMax, "an error is an answer");
assert(limits.eventBytesMax <= limits.answerBytesMax, "an event is part of an answer");
assert(limits.socketPingMs * 2 < limits.socketIdleMs, "silence is noticed before idleness");
assert(limits.socketMessageBytesMax > limits.bodyBytesMax, "a message holds any body");
assert(limits.imageBodyBytesMax > limits.bodyBytesMax, "images are beyond the usual size");
assert(limits.largeBodiesBytesMax >= limits.imageBodyBytesMax, "one large body can be read");
assert(limits.hedgeSilenceMs < limits.heartbeatMs, "a stream shows life soon after its head");
assert(limits.ejectionMsMin < limits.ejectionMsMax, "ejection grows");
assert(limits.ejectionFaults > 1, "after a return one fault is enough, and none is not");
assert(limits.probeLookMs * 5 <= limits.probeIntervalMs, "a turn is seen near its time");
assert(limits.ledgerBatchRowsMax * 25 <= 65_535, "one insert fits PostgreSQL's parameters");
assert(limits.ledgerFlushMs < limits.ledgerRetryMs, "a retry waits longer than a flush");
