/** Where a call can be sent: what the routes say of it, with what its provider adds. */
import type { TargetEntry } from "../documents.ts";
import { PROVIDERS, type ProviderName } from "./providers.ts";

export interface Target {
  readonly url: string;
  /** Before `/chat/completions` and the like. */
  readonly basePath: string;
  /** Outside of the site; undefined: a model server of ours. */
  readonly provider: ProviderName | undefined;
  readonly weight: number;
  /** The name that the target knows the model by, where it differs. */
  readonly model: string | undefined;
  readonly continuousUsage: boolean;
}

export function targetOf(entry: TargetEntry): Target {
  const { provider, model, weight } = entry;
  const place = provider === undefined ? undefined : PROVIDERS[provider];
  return {
    url: entry.url ?? place?.origin ?? "",
    basePath: place?.basePath ?? "/v1",
    provider,
    weight,
    model,
    continuousUsage: entry.continuousUsage ?? provider === undefined,
  };
}
