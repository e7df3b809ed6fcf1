/** What fine-tuning needs: the driver that the settings name, and the machine that uses it. */
import { randomUUID } from "node:crypto";
import type { Clock } from "./base/clock.ts";
import type { Config } from "./config.ts";
import type { Files } from "./files.ts";
import type { FineTuning, FineTuningDriver } from "./fine-tuning/fine-tuning.ts";
import { FineTuningMachine } from "./fine-tuning/fine-tuning-machine.ts";
import { KubernetesApi } from "./fine-tuning/kubernetes-api.ts";
import { KubernetesDriver } from "./fine-tuning/kubernetes-driver.ts";
import { SimulatedDriver } from "./fine-tuning/simulated-driver.ts";
import type { JobStore } from "./jobs/job-store.ts";
import type { Log } from "./telemetry/log.ts";
import type { Metrics } from "./telemetry/metrics.ts";

export interface FineTuningMachineParts {
  readonly config: Config;
  readonly files: Files;
  readonly store: JobStore<FineTuning>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface FineTuningMachinery {
  readonly fineTunings: JobStore<FineTuning>;
  readonly fineTuning: FineTuningMachine;
}

export function createFineTuning(parts: FineTuningMachineParts): FineTuningMachinery {
  const { config, store, clock, metrics, log } = parts;
  const fineTuning = new FineTuningMachine({
    store,
    driver: createDriver(parts),
    clock,
    // A gateway that starts again is another one: what its former self had taken it must not write.
    owner: `${config.GW_INSTANCE}:${randomUUID()}`,
    onFault: (cause) => {
      metrics.fineTuningFaults.inc();
      log.warn({ cause }, "fine-tuning");
    },
    onEnd: ({ id, tenant, state, detail }) => {
      metrics.fineTunings.inc({ state });
      const error = detail.error?.code ?? null;
      log.info({ fine_tuning: id, tenant, state, error }, "a fine-tuning job has ended");
    },
  });
  return { fineTunings: store, fineTuning };
}

function createDriver({ config, files, clock }: FineTuningMachineParts): FineTuningDriver | null {
  if (config.GW_FINE_TUNING === "simulated") {
    return new SimulatedDriver(clock, config.GW_FINE_TUNING_SIMULATED_SECONDS * 1000);
  }
  const { fineTuningTemplate: template } = files;
  if (config.GW_FINE_TUNING === "off" || template === null) return null;
  const api = new KubernetesApi({
    url: config.GW_KUBERNETES_URL ?? "https://kubernetes.default.svc",
    folder: config.GW_KUBERNETES_FOLDER,
  });
  return new KubernetesDriver({ api, template: () => template.current });
}
