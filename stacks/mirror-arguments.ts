/** What copies another site's weights is told by the settings, and what the settings may not ask of it. Pure. */
import type { Flow } from "../components/flows.ts";
import { mirrorFlows } from "../components/serving/weights-mirror.ts";
import type { Fault } from "../config/fault.ts";
import { imageReference } from "../config/images.ts";
import type { Settings } from "../config/schema.ts";
import { keyOf } from "./gpu-models.ts";
import { httpsPort, SERVICE } from "./places.ts";
import { isOnGpus, manifestOf } from "./site-models.ts";

/** null: weights are put there by hand, or S3 copies them. */
export function mirrorArguments(settings: Settings) {
  const { weightsMirror, weightsKey } = settings;
  if (weightsMirror === undefined) return null;
  const { ranges: _, ...store } = weightsMirror;
  const models = settings.models.filter(isOnGpus).flatMap((model) => {
    const { weights } = model.server;
    const manifest = manifestOf(settings, model);
    if (weights.kind !== "volume" || manifest === null) return [];
    const { claim, folder } = weights;
    const key = weights.sealed ? keyOf(weightsKey, null) : null;
    return [{ model: model.name, claim, folder, manifest, key }];
  });
  return { ...store, namespace: SERVICE, image: imageReference(settings, "weights"), models };
}

export function mirrorFlowsOf({ weightsMirror, weightsKey }: Settings): Flow[] {
  if (weightsMirror === undefined) return [];
  const { ranges, endpoint } = weightsMirror;
  return mirrorFlows(SERVICE, [
    { ranges, port: httpsPort(endpoint) },
    ...(weightsKey?.kind === "transit"
      ? [{ ranges: weightsKey.ranges, port: httpsPort(weightsKey.address) }]
      : []),
  ]);
}

export function mirrorFaults(settings: Settings): Fault[] {
  const { weightsMirror, cloud, models } = settings;
  if (weightsMirror === undefined) return [];
  const path = "deepseek:weightsMirror";
  if (cloud !== undefined) {
    const wrong = "is given, and a site on AWS keeps weights in a bucket";
    return [{ path, wrong, right: "cloud.weightsCopy at the primary: S3 copies them" }];
  }
  const onVolumes = models.flatMap((model, index) =>
    isOnGpus(model) && model.server.weights.kind === "volume" ? [{ model, index }] : [],
  );
  if (onVolumes.length === 0) {
    return [{ path, wrong: "is given, and no model is on a volume", right: "nothing here" }];
  }
  return onVolumes
    .filter(({ model }) => manifestOf(settings, model) === null)
    .map(({ index }) => ({
      path: `deepseek:models[${index}].server.weights.manifest`,
      wrong: "is null, and a copy is proved by nothing else",
      right: "its digest, as `npm run weights` tells it; or `npm run sites -- pin`",
    }));
}
