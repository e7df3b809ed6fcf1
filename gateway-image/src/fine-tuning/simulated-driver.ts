/**
 * Goes through the states by the clock and trains nothing; every event and the model's name say so.
 * For trying and for tests of clients: a training file whose name begins with `missing` is not there.
 */
import type { Clock } from "../base/clock.ts";
import { type FineTuning, type FineTuningDriver, ID_PREFIX, type Sight } from "./fine-tuning.ts";

/** Of the whole time, after which training begins. */
const WAITING_SHARE = 0.2;
const LOOK_MS = 500;

export class SimulatedDriver implements FineTuningDriver {
  readonly simulated = true;
  readonly lookMs = LOOK_MS;
  readonly #clock: Clock;
  readonly #wholeMs: number;

  constructor(clock: Clock, wholeMs: number) {
    this.#clock = clock;
    this.#wholeMs = wholeMs;
  }

  async look(job: FineTuning): Promise<Sight> {
    const { trainingFile, model, suffix } = job.detail;
    if (trainingFile.startsWith("missing")) {
      const message = `There is no data set ${trainingFile}.`;
      return { kind: "failed", code: "file_not_found", message, param: "training_file" };
    }
    // All of it follows from when it was made, so a new start of the gateway changes nothing.
    const ageMs = this.#clock.wallMs() - job.createdMs;
    if (ageMs < this.#wholeMs * WAITING_SHARE) return { kind: "waiting" };
    if (ageMs < this.#wholeMs) return { kind: "running" };
    const words = ["ft", model.slice(0, 40), suffix?.slice(0, 40), job.id.slice(ID_PREFIX.length)];
    const name = `${words.filter((word) => word !== undefined).join(":")}:simulated`;
    return { kind: "succeeded", model: name, trainedTokens: 0 };
  }

  async remove(): Promise<void> {}
  async close(): Promise<void> {}
}
