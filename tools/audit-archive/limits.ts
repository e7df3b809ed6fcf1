/** Every bound of the archiver, with its reason. */

export const limits = {
  /** A segment lasts minutes, so a look a minute adds little to what is not archived yet. */
  roundMs: 60_000,
  /** One is sent while the other is read; more would only hold more memory for the same line. */
  shipmentsAtOnce: 2,
  /** What passes (a fail-over, a lost packet) has passed by then; after it the next round tries. */
  attempts: 3,
  /** Doubled after each attempt, with up to half of it in addition, so that gateways do not fall in step. */
  backOffMs: 1_000,
  /** A segment of 16 MiB over a line of 2.5 Mbit/s. */
  shipmentMs: 60_000,
  /**
   * How long the last round may take after the gateway has ended: its last segment and one that was
   * under way need a second or two. What is left is shipped by the next start. The pod's time to stop
   * counts on it (components/gateway-archive.ts).
   */
  lastRoundMs: 20_000,
  /** The seal is some 400 bytes, and the line before it is not needed. */
  sealBytesMax: 4_096,
} as const;
