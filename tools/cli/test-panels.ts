/**
 * For tests: every panel of a deployed stack's dashboards has data under ordinary load. The load runs beside
 * the other tests of its `describe`; a part of the one story of local-stack.cluster.test.ts.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runOrdinaryLoad, type Tally } from "../drill/ordinary-load.ts";
import { panelData } from "../drill/panels.ts";
import { openPrometheus } from "../drill/place.ts";
import type { Stack } from "./test-through-edge.ts";

/** The rarest call comes once in a hundred, and a rate needs two scrapes of it; 222 s were seen on a calm machine. */
const WITHIN_MS = 420_000;
const LOOK_MS = 5_000;

export function panelsUnderLoad(stack: Stack): void {
  const over = new AbortController();
  let load: Promise<Tally> = Promise.resolve(new Map());
  let from = 0;

  beforeAll(() => {
    const { url, apiKey, apiKeys, caCertificate: ca, models } = stack().outputs;
    from = Date.now() / 1_000;
    const place = { url, apiKey, apiKeys, ca };
    load = runOrdinaryLoad({ place, models, callers: 2, signal: over.signal });
  });

  afterAll(async () => {
    over.abort();
    await load;
  });

  test("has data in every panel of its dashboards, but those that count trouble from its first time on", async () => {
    const { prometheusUrl, caCertificate: ca } = stack().outputs;
    const { client: prometheus, close } = openPrometheus({ prometheusUrl, ca });
    const deadline = Date.now() + WITHIN_MS;
    const look = async () => {
      const panels = await panelData(prometheus, from, Date.now() / 1_000);
      expect(panels.length).toBeGreaterThan(100);
      return panels.filter(({ values, whenWell }) => values === 0 && whenWell !== "empty");
    };
    // A Prometheus on a busy machine may miss a question; the next look comes soon.
    const lookAgain = () =>
      look().catch((error: Error) => [{ board: "prometheus", panel: error.message }]);
    let empty = await lookAgain();
    while (empty.length > 0 && Date.now() < deadline) {
      await sleep(LOOK_MS);
      empty = await lookAgain();
    }
    await close();
    expect(empty.map(({ board, panel }) => `${board}: ${panel}`)).toEqual([]);
  });
}
