/**
 * For tests: pods of a deployed stack killed and rolled out under load, and what was lost. A part
 * of the one story of local-stack.cluster.test.ts.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { MODEL, startCallers, type Tally } from "./test-callers.ts";
import { auditIds, killMainProcess, kubectl, ledgerIds, waitUntilRestarted } from "./test-kills.ts";
import type { Stack } from "./test-through-edge.ts";

/** Twenty callers in all ways of calling. */
const CALLERS = { whole: 8, streamed: 8, socket: 4 };
/** The edge's preStop (sizing/drain.ts) and some time for nginx' end. */
const AFTERWARDS_MS = 15_000;
const VICTIMS = [
  ["a gateway", "app.kubernetes.io/name=gateway"],
  ["Redis", "app.kubernetes.io/name=redis"],
  ["PostgreSQL", "app.kubernetes.io/name=postgres"],
  ["a model server", `deepseek.local/model=${MODEL}`],
] as const;

export function podDeaths(stack: Stack): void {
  test("kill -9 of each program under load loses nothing that was acknowledged", async () => {
    const deaths: { name: string; tally: Tally }[] = [];
    for (const [name, label] of VICTIMS) {
      const callers = startCallers(stack().outputs, stack().dispatcher, CALLERS);
      await acknowledged(callers.tally, 40);
      const pod = await killMainProcess(label);
      await waitUntilRestarted(label, pod);
      await acknowledged(callers.tally, callers.tally.acknowledged.size + 40);
      deaths.push({ name, tally: await callers.stop() });
    }
    // The last rows are in the write-ahead log at once, and in PostgreSQL a little later.
    const deadline = Date.now() + 60_000;
    let rows = new Set<string>();
    const missing = (ids: ReadonlySet<string>, from: ReadonlySet<string>) =>
      [...ids].filter((id) => !from.has(id)).length;
    do {
      rows = await ledgerIds();
    } while (
      deaths.some(({ tally }) => missing(tally.acknowledged, rows) > 0) &&
      Date.now() < deadline
    );
    const events = await auditIds();
    const table = deaths.map(({ name, tally }) => ({
      name,
      rows: missing(tally.acknowledged, rows),
      events: missing(tally.acknowledged, events),
      tally,
    }));
    process.stdout.write(tableText(table));
    expect(table.map(({ name, rows, events }) => [name, rows, events])).toEqual(
      VICTIMS.map(([name]) => [name, 0, 0]),
    );
  });

  test.each([
    ["gateways", "statefulset/gateway"],
    ["edges", "deployment/edge"],
  ])("a rolling restart of all %s fails no request", async (_name, workload) => {
    const callers = startCallers(stack().outputs, stack().dispatcher, {
      whole: 3,
      streamed: 3,
      socket: 2,
    });
    await kubectl("-n", "deepseek", "rollout", "restart", workload);
    await kubectl("-n", "deepseek", "rollout", "status", workload, "--timeout=240s");
    // The former edges end only now: they wait for everybody to learn of it, then close what is idle.
    await sleep(AFTERWARDS_MS);
    const { acknowledged, refused, broken } = await callers.stop();
    expect({ refused: [...refused], broken }).toEqual({ refused: [], broken: 0 });
    expect(acknowledged.size).toBeGreaterThan(20);
  });
}

/** A busy machine may be slow about it. */
async function acknowledged(tally: Tally, wanted: number): Promise<void> {
  await expect.poll(() => tally.acknowledged.size, { timeout: 120_000 }).toBeGreaterThan(wanted);
}

interface Row {
  readonly name: string;
  readonly rows: number;
  readonly events: number;
  readonly tally: Tally;
}

function tableText(table: readonly Row[]): string {
  const head = "killed as a pod | acknowledged | refused | broken | rows lost | events lost";
  const lines = table.map(({ name, rows, events, tally }) => {
    const refused = [...tally.refused].map(([code, count]) => `${count} ${code}`).join(", ");
    return [name, tally.acknowledged.size, refused || 0, tally.broken, rows, events].join(" | ");
  });
  return `${[head, ...lines].join("\n")}\n`;
}
