/**
 * Asks one server and, where it says nothing for a time, another one: the first answer counts, and
 * the other server is stopped. A failure is no answer: it leaves the word to the other. Knows
 * nothing of HTTP.
 */

/** Never rejects; ends soon after its signal is aborted. */
export type Ask<T> = (signal: AbortSignal) => Promise<T>;

export interface HedgeRace<T> {
  readonly afterMs: number;
  /** Aborted: both are stopped. */
  readonly signal: AbortSignal;
  readonly first: Ask<T>;
  /** Called once, when the time is up; null: there is no second, or it may not be asked. */
  readonly second: () => Ask<T> | null;
  readonly isAnswer: (result: T) => boolean;
}

export interface RaceEnd<T> {
  /** null: none has an answer. */
  readonly winner: 0 | 1 | null;
  /** Of those that were asked; null: it was stopped, for the other was sooner. */
  readonly results: readonly (T | null)[];
}

const SOONER = new Error("another server was sooner");
const LATE = Symbol("late");

export async function raceHedge<T>(race: HedgeRace<T>): Promise<RaceEnd<T>> {
  const { signal, isAnswer } = race;
  const stops = [new AbortController(), new AbortController()] as const;
  const own = (index: 0 | 1) => AbortSignal.any([signal, stops[index].signal]);
  const alone = (result: T): RaceEnd<T> => ({
    winner: isAnswer(result) ? 0 : null,
    results: [result],
  });
  const first = race.first(own(0));
  const early = await orLate(first, race.afterMs);
  if (early !== LATE) return alone(early);
  const ask = signal.aborted ? null : race.second();
  if (ask === null) return alone(await first);
  const results: [T | null, T | null] = [null, null];
  const winner = await soonest([first, ask(own(1))], isAnswer, results);
  if (winner !== null) {
    const other = winner === 0 ? 1 : 0;
    stops[other].abort(SOONER);
    const late = results[other];
    // It had answered in the same moment.
    if (late !== null && isAnswer(late)) results[other] = null;
  }
  return { winner, results };
}

async function orLate<T>(work: Promise<T>, afterMs: number): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), afterMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Which has an answer first; `results` holds those that have ended by then. */
function soonest<T>(
  asked: readonly [Promise<T>, Promise<T>],
  isAnswer: (result: T) => boolean,
  results: [T | null, T | null],
): Promise<0 | 1 | null> {
  return new Promise((resolve, reject) => {
    let running = 2;
    let decided = false;
    const onEnd = (index: 0 | 1) => (result: T) => {
      if (decided) return;
      results[index] = result;
      running -= 1;
      if (!isAnswer(result) && running > 0) return;
      decided = true;
      resolve(isAnswer(result) ? index : null);
    };
    asked[0].then(onEnd(0), reject);
    asked[1].then(onEnd(1), reject);
  });
}
