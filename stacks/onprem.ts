/**
 * A site on a cluster of one's own (bank, hospital, and the small shapes): its stores in pods or under
 * an operator, its GPUs as they are labelled. Reads as an inventory.
 */
import * as k8s from "@pulumi/kubernetes";
import { FineTuning } from "../components/fine-tuning.ts";
import { KmsProvider } from "../components/kms-provider.ts";
import { OpenBaoKeys } from "../components/openbao-keys.ts";
import { PatientStore } from "../components/patient-store.ts";
import { WeightsMirror } from "../components/serving/weights-mirror.ts";
import type { Settings } from "../config/schema.ts";
import { onpremArguments } from "./onprem-arguments.ts";
import { ownStores } from "./own-stores.ts";
import { sitePlan } from "./plan.ts";
import { service } from "./service.ts";
import { siteArguments } from "./site-arguments.ts";

export function onprem(settings: Settings) {
  const site = siteArguments(settings);
  const own = onpremArguments(settings);
  const provider = new k8s.Provider("cluster", site.provider);
  const outputs = service(site, {
    provider,
    weights: null,
    stores: (guarded, secured) => ownStores(site, guarded, secured),
    fineTuning: (guarded) =>
      own.fineTuning === null ? undefined : new FineTuning("fine-tuning", own.fineTuning, guarded),
    beside: (guarded, secured) => {
      if (own.openBao !== null) new OpenBaoKeys("openbao", own.openBao, guarded);
      if (own.weightsMirror !== null) {
        new WeightsMirror("weights-mirror", own.weightsMirror, guarded);
      }
      if (own.kubernetesEncryption !== null) {
        new KmsProvider("kubernetes-encryption", own.kubernetesEncryption, guarded);
      }
      if (own.patientStore === null) return;
      const database = { ...own.patientStore.database, ...secured("patients") };
      new PatientStore("patients", { ...own.patientStore, database }, guarded);
    },
  });
  return { ...outputs, plan: sitePlan(settings) };
}
