/** A real trail of a gateway, as much of it as a test wants. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { AuditTrail } from "../../gateway-image/src/audit/audit-trail.ts";
import { ManualClock } from "../../gateway-image/src/base/test-clock.ts";
import { MemoryAuditAnchorStore } from "../../gateway-image/src/stores/memory-audit-anchor-store.ts";

const DAY_MS = 86_400_000;

export class TestTrail {
  readonly clock = new ManualClock();
  readonly publicKey: KeyObject;
  readonly #sealKey: KeyObject;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    const pair = generateKeyPairSync("ed25519");
    this.publicKey = pair.publicKey;
    this.#sealKey = pair.privateKey;
    this.clock.advance(Date.parse("2026-03-10T12:00:00Z") - this.clock.wallMs());
  }

  async start(writer = "gateway-0"): Promise<AuditTrail> {
    const trail = new AuditTrail({
      folder: this.#folder,
      site: "primary",
      writer,
      sealKey: this.#sealKey,
      clock: this.clock,
      anchors: new MemoryAuditAnchorStore(),
      whenDown: "refuse",
      retentionDays: 0,
      segmentSeconds: 86_400,
      onLost: () => {},
      onFault: () => {},
    });
    await trail.start();
    return trail;
  }

  /** Each in a segment of its own, all sealed: one a day. */
  async segments(count: number, bytes = 10): Promise<void> {
    for (let number = 0; number < count; number += 1) {
      const trail = await this.start();
      await trail.append(event(bytes));
      await trail.close();
      this.clock.advance(DAY_MS);
    }
  }
}

export function event(bytes = 10) {
  return {
    action: "inference",
    actor: "alice",
    tenant: "bank",
    address: "10.0.0.1",
    requestId: "r-1",
    outcome: "allowed" as const,
    detail: { text: "x".repeat(bytes) },
  };
}
