/**
 * The whole service under load, through the edge of a deployed stack: requests per second, and
 * which of the programs on this machine the processors worked for meanwhile.
 */
import type { Progress } from "../../base/progress.ts";
import { ensurePackages } from "../../debian/packages.ts";
import { endedChildrenSeconds, processorSeconds, sharesBetween } from "./processor-shares.ts";
import { type LoadResult, runWrk } from "./wrk.ts";

export interface EdgeMeasure {
  readonly url: string;
  readonly apiKey: string;
  readonly model: string;
  readonly folder: string;
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface EdgeFigures extends LoadResult {
  readonly connections: number;
  /** Processors that each program kept busy: 1 is one whole one. */
  readonly processors: Readonly<Record<string, number>>;
}

/** The best of the rounds: what else the machine did can only have taken away from it. */
export async function measureEdge(measure: EdgeMeasure): Promise<EdgeFigures[]> {
  const { root } = await ensurePackages(["nginx", "wrk"], { progress: measure.progress });
  const figures: EdgeFigures[] = [];
  for (const connections of measure.connections) {
    const rounds: EdgeFigures[] = [];
    for (let round = 1; round <= measure.rounds; round += 1) {
      measure.signal.throwIfAborted();
      const title = `${connections} connections, round ${round} of ${measure.rounds}`;
      rounds.push(
        await measure.progress.step(title, () => measureOnce(measure, root, connections)),
      );
    }
    rounds.sort((a, b) => b.requestsPerSecond - a.requestsPerSecond);
    if (rounds[0] !== undefined) figures.push(rounds[0]);
  }
  return figures;
}

async function measureOnce(
  measure: EdgeMeasure,
  root: string,
  connections: number,
): Promise<EdgeFigures> {
  const before = processorSeconds();
  const children = endedChildrenSeconds();
  const begun = performance.now();
  const result = await runWrk({
    root,
    folder: measure.folder,
    url: `${measure.url}/v1/chat/completions`,
    headers: { authorization: `Bearer ${measure.apiKey}` },
    body: JSON.stringify({
      model: measure.model,
      messages: [{ role: "user", content: "What is a ledger?" }],
      // The model is not what is measured.
      max_tokens: 1,
    }),
    connections,
    seconds: measure.seconds,
    prefix: [],
  });
  const elapsed = (performance.now() - begun) / 1000;
  const seconds = new Map(sharesBetween(before, processorSeconds()));
  seconds.set("wrk", endedChildrenSeconds() - children);
  const processors = [...seconds].map(([program, used]) => [program, used / elapsed] as const);
  return { ...result, connections, processors: Object.fromEntries(processors) };
}
