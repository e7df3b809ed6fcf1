/**
 * Admission as the pipeline sees it: the shared store, what to do while it is away (refuse, or
 * count a local share), and the renewal of the leases of running requests.
 */
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Admission, QuotaStore, Verdict } from "./quota-store.ts";

export interface QuotaGuardOptions {
  readonly store: QuotaStore;
  /** null: refuse while the store is away. */
  readonly localShare: { readonly store: QuotaStore; readonly replicas: number } | null;
  readonly onFault: (error: unknown) => void;
}

export class QuotaGuard {
  /** The last word of the shared store; for /health. */
  storeAnswers = true;
  readonly #options: QuotaGuardOptions;
  /** callId → keyId of the slots held in the shared store. */
  readonly #held = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: QuotaGuardOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#renew(), limits.leaseRenewalMs);
    this.#timer.unref();
  }

  async admit(admission: Admission): Promise<Verdict> {
    try {
      const verdict = await this.#options.store.admit(admission);
      this.storeAnswers = true;
      if (verdict.admitted) this.#held.set(admission.callId, admission.keyId);
      return verdict;
    } catch (error) {
      this.#noteFault(error);
      return this.#admitLocally(admission, error);
    }
  }

  /** Never rejects: a lost release is mended by the end of the lease. */
  async release(admission: Admission): Promise<void> {
    const { keyId, callId } = admission;
    try {
      if (this.#held.delete(callId)) await this.#options.store.release(keyId, callId);
      else await this.#options.localShare?.store.release(keyId, callId);
    } catch (error) {
      this.#noteFault(error);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#options.store.close();
  }

  async #admitLocally(admission: Admission, cause: unknown): Promise<Verdict> {
    const share = this.#options.localShare;
    if (share === null) throw new GatewayError("quota_store_unavailable", { cause });
    const part = (whole: number) => Math.max(1, Math.floor(whole / share.replicas));
    return share.store.admit({
      ...admission,
      requestsPerMinute: part(admission.requestsPerMinute),
      concurrency: part(admission.concurrency),
    });
  }

  async #renew(): Promise<void> {
    if (this.#held.size === 0) return;
    const slots = [...this.#held].map(([callId, keyId]) => ({ callId, keyId }));
    try {
      await this.#options.store.renew(slots);
    } catch (error) {
      this.#noteFault(error);
    }
  }

  #noteFault(error: unknown): void {
    this.storeAnswers = false;
    this.#options.onFault(error);
  }
}
