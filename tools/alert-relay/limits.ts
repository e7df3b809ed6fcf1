/** Every bound of the relay, with its reason. */

export const limits = {
  /** Alertmanager sends a group at a time; a thousand alerts with their texts are some 700 KiB. */
  bodyBytesMax: 1024 * 1024,
  /** Bodies of all requests that are read or wait. A group of ten alerts has some 8 KiB. */
  heldBytesMax: 8 * 1024 * 1024,
  /** Alertmanager has one for each group that it tells just now. What is more is closed, and comes again. */
  connectionsMax: 512,
  /** A body of one MiB over a busy network inside a cluster. */
  requestMs: 10_000,
  /**
   * How long a notification may wait for its channel. Alertmanager gives one up after the interval of its
   * groups, a minute (observability/alert-routing.ts), and must have heard before that what became of it.
   */
  waitMs: 40_000,
  /** One attempt: together with the wait above less than that minute. */
  attemptMs: 10_000,
  /** Doubled from one failure to the next up to the second, with up to half of it in addition. */
  backOffMs: 1_000,
  backOffMsMax: 15_000,
  /** Groups of one channel that wait: more than that no channel takes within their time. */
  queueMax: 200,
  /** An answer of a robot has some hundred bytes. */
  answerBytesMax: 64 * 1024,
  /** Of what a channel answered, as much as a line of a log should have. */
  reasonCharactersMax: 200,
  /**
   * Told to stop, it delivers what waits for so long and then says of the rest that it was not delivered:
   * Alertmanager asks the other one. The pod's time to stop counts on it (components/alert-relay.ts).
   */
  drainMs: 20_000,
  /** Longer than Alertmanager keeps a connection it does not use (five minutes): it is who closes, between two requests. */
  keepAliveMs: 330_000,
  /** A certificate that was renewed is served within that time. */
  reloadMs: 60_000,
} as const;
