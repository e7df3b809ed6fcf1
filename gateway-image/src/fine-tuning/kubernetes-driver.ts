/**
 * Fine-tuning as Kubernetes Jobs of the namespace that the gateway runs in. A Job's name follows from
 * the id, so that whoever looks first begins it and everybody else finds it there.
 */
import type { z } from "zod";
import { limits } from "../limits.ts";
import type { FineTuning, FineTuningDriver, Sight } from "./fine-tuning.ts";
import { endOf, jobSchema, podsSchema, stateOf } from "./job-status.ts";
import { JOB_ANNOTATION, type JobTemplate, jobManifest, jobName } from "./job-template.ts";
import type { ApiAnswer, KubernetesApi } from "./kubernetes-api.ts";

/** Answers that may be others in a while; every other refusal stays. */
const PASSING = new Set([401, 408, 425, 429]);

export interface KubernetesDriverOptions {
  readonly api: KubernetesApi;
  /** As it is now: a changed template is for jobs that begin from now on. */
  readonly template: () => JobTemplate;
  readonly lookMs?: number;
}

export class KubernetesDriver implements FineTuningDriver {
  readonly simulated = false;
  readonly lookMs: number;
  readonly #api: KubernetesApi;
  readonly #template: () => JobTemplate;

  constructor({ api, template, lookMs = limits.fineTuningLookMs }: KubernetesDriverOptions) {
    this.#api = api;
    this.#template = template;
    this.lookMs = lookMs;
  }

  async look(job: FineTuning, signal: AbortSignal): Promise<Sight> {
    if (!job.detail.handedOver) {
      const refusal = await this.#begin(job, signal);
      if (refusal !== null) return { kind: "refused", reason: refusal };
    }
    const answer = await this.#api.request("GET", this.#path(job.id), signal);
    if (answer.status === 404) {
      // One that was only just begun may be unknown to another API server for a moment.
      if (!job.detail.handedOver) return { kind: "waiting" };
      return REMOVED;
    }
    const found = contentOf(answer, jobSchema, "the Job");
    if (found.metadata.annotations[JOB_ANNOTATION] !== job.id) {
      return { kind: "refused", reason: `another Job is called ${jobName(job.id)}` };
    }
    const state = stateOf(found);
    if (state === "removed") return REMOVED;
    if (state !== "over") return { kind: state };
    const pods = await this.#api.request("GET", this.#podsPath(job.id), signal);
    return endOf(found, contentOf(pods, podsSchema, "the pods"));
  }

  async remove(job: FineTuning, signal: AbortSignal): Promise<void> {
    // Its pods go with it; the default of the API would leave them running.
    const body = { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" };
    const answer = await this.#api.request("DELETE", this.#path(job.id), signal, body);
    if (answer.status !== 404 && !isGood(answer)) throw unexpected(answer, "the removal");
  }

  close(): Promise<void> {
    return this.#api.close();
  }

  /** Why it was refused; null: it is there, perhaps since another look. */
  async #begin(job: FineTuning, signal: AbortSignal): Promise<string | null> {
    const manifest = jobManifest(this.#template(), job);
    const answer = await this.#api.request("POST", this.#folder, signal, manifest);
    if (isGood(answer) || answer.status === 409) return null;
    if (answer.status >= 500 || PASSING.has(answer.status)) throw unexpected(answer, "the Job");
    return `${answer.status} ${reasonIn(answer)}`;
  }

  get #folder(): string {
    return `/apis/batch/v1/namespaces/${encodeURIComponent(this.#api.namespace)}/jobs`;
  }

  #path(id: string): string {
    return `${this.#folder}/${jobName(id)}`;
  }

  #podsPath(id: string): string {
    const namespace = encodeURIComponent(this.#api.namespace);
    const query = new URLSearchParams({
      labelSelector: `app.kubernetes.io/instance=${jobName(id)},app.kubernetes.io/managed-by=gateway`,
      // A Job that tries again leaves a pod each time, six by default.
      limit: "50",
    });
    return `/api/v1/namespaces/${namespace}/pods?${query}`;
  }
}

const REMOVED: Sight = {
  kind: "failed",
  code: "removed",
  message: "It was removed from the cluster before it had ended.",
  param: null,
};

function isGood({ status }: ApiAnswer): boolean {
  return status >= 200 && status < 300;
}

function contentOf<T>(answer: ApiAnswer, schema: z.ZodType<T>, what: string): T {
  if (!isGood(answer)) throw unexpected(answer, what);
  const result = schema.safeParse(answer.body);
  if (!result.success) throw new Error(`the API server's answer about ${what} is of no known form`);
  return result.data;
}

function unexpected(answer: ApiAnswer, what: string): Error {
  return new Error(`the API server answers ${answer.status} about ${what}: ${reasonIn(answer)}`);
}

/** For the log: the reason of a Status, not its message, which quotes what was sent. */
function reasonIn({ body }: ApiAnswer): string {
  const reason = (body as { reason?: unknown } | null)?.reason;
  return typeof reason === "string" ? reason.slice(0, 64) : "no reason";
}
