/**
 * The last calls of known callers that ended badly in this gateway. Those that were refused before they were admitted are in no
 * ledger, so that nobody would see why; here a few are kept, in memory.
 */
export interface Refusal {
  readonly at: number;
  readonly callId: string;
  readonly requestId: string;
  readonly principal: string;
  readonly tenant: string;
  readonly endpoint: string;
  readonly model: string | null;
  readonly status: "client_error" | "error";
  readonly httpStatus: number;
  readonly error: string | null;
}

/** Of one tenant, so that a noisy one does not push out the others'. */
const PER_TENANT_MAX = 50;
/** Beyond them the tenant that was refused longest ago is forgotten. */
const TENANTS_MAX = 500;
/** The page is for now; and what is erased elsewhere must not stay here. */
const AGE_MS_MAX = 3_600_000;

export class Refusals {
  readonly #byTenant = new Map<string, Refusal[]>();

  note(refusal: Refusal): void {
    const kept = this.#byTenant.get(refusal.tenant) ?? [];
    kept.push(refusal);
    if (kept.length > PER_TENANT_MAX) kept.shift();
    // The tenant moves to the end.
    this.#byTenant.delete(refusal.tenant);
    this.#byTenant.set(refusal.tenant, kept);
    if (this.#byTenant.size <= TENANTS_MAX) return;
    const [oldest] = this.#byTenant.keys();
    if (oldest !== undefined) this.#byTenant.delete(oldest);
  }

  /** The newest first; without a tenant all of them. */
  of({ tenant, principal }: { tenant?: string; principal?: string }, now: number): Refusal[] {
    const own =
      tenant === undefined
        ? [...this.#byTenant.values()].flat()
        : (this.#byTenant.get(tenant) ?? []);
    return own
      .filter(({ at }) => now - at < AGE_MS_MAX)
      .filter((one) => principal === undefined || one.principal === principal)
      .sort((a, b) => b.at - a.at);
  }
}
