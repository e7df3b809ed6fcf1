/** What every store of anchors must do; run for each implementation. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { AuditAnchorStore } from "../audit/audit-anchor-store.ts";

export function auditAnchorStoreContract(
  name: string,
  { create }: { readonly create: () => Promise<AuditAnchorStore> },
): void {
  describe(`anchors in ${name}`, () => {
    test("the furthest of each writer is kept, whatever comes later", async () => {
      const store = await create();
      await store.prepare();
      const site = `site-${randomUUID()}`;
      const anchor = (writer: string, seq: number) => ({
        site,
        writer,
        seq,
        head: String(seq).padStart(64, "0"),
        time: new Date(1_700_000_000_000 + seq),
      });
      await store.put(anchor("a", 5));
      await store.put(anchor("b", 1));
      await store.put(anchor("a", 3));
      await store.put({ ...anchor("c", 9), site: `${site}-other` });
      const latest = await store.latest(site);
      expect(latest.sort((x, y) => (x.writer < y.writer ? -1 : 1))).toEqual([
        anchor("a", 5),
        anchor("b", 1),
      ]);
    });
  });
}
