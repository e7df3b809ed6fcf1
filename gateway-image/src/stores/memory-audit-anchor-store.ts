/** Anchors in this process, for tests: they know no restart. */
import type { AuditAnchor, AuditAnchorStore } from "../audit/audit-anchor-store.ts";

export class MemoryAuditAnchorStore implements AuditAnchorStore {
  readonly #anchors = new Map<string, AuditAnchor>();

  async prepare(): Promise<void> {}

  async put(anchor: AuditAnchor): Promise<void> {
    const name = JSON.stringify([anchor.site, anchor.writer]);
    if ((this.#anchors.get(name)?.seq ?? 0) < anchor.seq) this.#anchors.set(name, anchor);
  }

  async latest(site: string): Promise<AuditAnchor[]> {
    return [...this.#anchors.values()].filter((anchor) => anchor.site === site);
  }
}
