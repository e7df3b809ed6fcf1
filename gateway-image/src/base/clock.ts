/** The only reader of time (but for the stamps of the log), so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds since 1970, for records. */
  wallMs(): number;
  /** Milliseconds that never jump, for durations and deadlines. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
