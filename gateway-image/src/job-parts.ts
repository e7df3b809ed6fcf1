/** What jobs need: the runner that has them computed, and who tells their webhooks. */
import { randomUUID } from "node:crypto";
import type { Clock } from "./base/clock.ts";
import type { SealedBox } from "./base/sealed-box.ts";
import type { Config } from "./config.ts";
import { openSealed } from "./jobs/job-request.ts";
import { JobRunner } from "./jobs/job-runner.ts";
import type { Job, JobStore } from "./jobs/job-store.ts";
import type { Log } from "./telemetry/log.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import { type Told, WebhookSender } from "./webhooks/webhook-sender.ts";

export interface JobMachine {
  readonly jobs: JobStore;
  readonly jobRunner: JobRunner;
  readonly webhooks: WebhookSender;
}

export interface JobMachineParts {
  readonly config: Config;
  readonly jobs: JobStore;
  readonly box: () => SealedBox | null;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

export function createJobMachine(parts: JobMachineParts): JobMachine {
  const { config, jobs, box, clock, metrics, log } = parts;
  const webhooks = new WebhookSender({
    allowedHosts: new Set(config.GW_WEBHOOK_HOSTS),
    clock,
  });
  const jobRunner = new JobRunner({
    store: jobs,
    clock,
    // A gateway that starts again is another one: what its former self had taken it must not write.
    owner: `${config.GW_INSTANCE}:${randomUUID()}`,
    concurrency: config.GW_JOBS_AT_ONCE,
    tell: async (job) => {
      const told = await tell(job, box(), webhooks);
      metrics.webhooks.inc({ outcome: told });
      return told;
    },
    onFault: (cause) => log.warn({ cause }, "the store of jobs does not answer"),
    onEnd: ({ state, createdMs }) => {
      metrics.jobs.inc({ state });
      metrics.jobAge.observe({}, (clock.wallMs() - createdMs) / 1000);
    },
  });
  return { jobs, jobRunner, webhooks };
}

/** No prompt, and no answer but where it was asked for. */
async function tell(job: Job, box: SealedBox | null, webhooks: WebhookSender): Promise<Told> {
  const { webhook, result, error, model, finishedMs } = job.detail;
  const secret = openSealed(box, "secret", job.id, webhook?.secret ?? null);
  if (webhook === null || secret === null) return "failed";
  const answer = webhook.includeResult ? openSealed(box, "result", job.id, result) : null;
  const body = JSON.stringify({
    id: job.id,
    object: "async.job",
    kind: job.kind,
    model,
    status: job.state,
    finished_at: finishedMs === null ? null : Math.floor(finishedMs / 1000),
    error: error === null ? null : (JSON.parse(error) as { error?: unknown }).error,
    ...(answer === null ? {} : { result: JSON.parse(answer.toString("utf8")) }),
  });
  return webhooks.send({ url: webhook.url, secret: secret.toString("utf8"), body });
}
