/**
 * What values of labels say: a success is green and a failure red wherever they are drawn, whichever of them Grafana
 * would meet first. Pure data.
 */
export type Tone = "good" | "doubtful" | "bad";

type Tones = Readonly<Record<string, Tone>>;

/** By label, as the catalogue names it; a value that is not here says neither. */
const TONES: Readonly<Record<string, Tones>> = {
  status: { success: "good", client_error: "doubtful", error: "bad" },
  outcome: {
    // Of the audit trail, of admission, of probes, of the cache, of webhooks and of the relay.
    ...{ allowed: "good", admitted: "good", good: "good", hit: "good", delivered: "good" },
    ...{ refused: "doubtful", later: "doubtful", late: "doubtful" },
    ...{ failed: "bad", unavailable: "bad", full: "bad", stopped: "bad" },
    ...{ status: "bad", timeout: "bad", connect: "bad", name: "bad", certificate: "bad" },
    broken: "bad",
  },
  finished_reason: { stop: "good", length: "good", abort: "doubtful", error: "bad" },
  severity: { critical: "bad", error: "bad", warning: "doubtful" },
  state: { succeeded: "good", cancelled: "doubtful", failed: "bad" },
};

/** Of the values that a legend can show. */
export function tonesOf(legends: readonly string[]): [value: string, tone: Tone][] {
  const shown = Object.keys(TONES).filter((label) =>
    legends.some((legend) => legend.includes(`{{${label}}}`)),
  );
  return shown.flatMap((label) => Object.entries(TONES[label] ?? {}));
}
