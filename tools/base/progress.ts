/**
 * Live progress of long work outside the engine (installing, building, starting). A step that
 * lasts longer than a second shows its elapsed time and what it waits for; on a terminal in place,
 * elsewhere as plain lines at most every ten seconds.
 */
export interface Step {
  /** What is being waited for right now. */
  status(text: string): void;
}

export interface Progress {
  /** Runs one named step and reports its duration; failures pass through. */
  step<T>(name: string, work: (step: Step) => Promise<T>): Promise<T>;
  note(text: string): void;
}

const PLAIN_INTERVAL_MS = 10_000;
const LIVE_INTERVAL_MS = 200;

/** Writes to `stream` (standard error by default, so that standard output stays the result). */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return {
    step: (name, work) => runStep(stream, name, work),
    note: (text) => void stream.write(`  ${text}\n`),
  };
}

/** For programs and tests that want silence. */
export const silentProgress: Progress = {
  step: (_name, work) => work({ status: () => {} }),
  note: () => {},
};

async function runStep<T>(
  stream: NodeJS.WriteStream,
  name: string,
  work: (step: Step) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const live = stream.isTTY === true;
  let waiting = "";
  const line = () => `  ${name} … ${seconds(started)}${waiting === "" ? "" : ` — ${waiting}`}`;
  const timer = setInterval(
    () => {
      if (live) stream.write(`\r\x1b[2K${line().slice(0, Math.max(20, stream.columns - 1))}`);
      else stream.write(`${line()}\n`);
    },
    live ? LIVE_INTERVAL_MS : PLAIN_INTERVAL_MS,
  );
  const end = (mark: string) => {
    clearInterval(timer);
    stream.write(`${live ? "\r\x1b[2K" : ""}${mark} ${name} (${seconds(started)})\n`);
  };
  try {
    const result = await work({
      status: (text) => {
        waiting = text;
      },
    });
    end("✓");
    return result;
  } catch (error) {
    end("✗");
    throw error;
  }
}

function seconds(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
