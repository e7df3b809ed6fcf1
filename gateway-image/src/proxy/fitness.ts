/** Can a model do what a call asks? Told to the caller where it was named, else another is taken. Pure. */
import type { Call } from "../context.ts";
import type { Capability, Model } from "../documents.ts";
import type { Api } from "../endpoints.ts";

export interface Unfit {
  readonly what: "api" | "images" | "remote image";
  readonly param: string;
}

const NEEDED = {
  chat: "chat",
  completions: "completions",
  embeddings: "embeddings",
} as const satisfies Record<Api, Capability>;

/** null: it can. */
export function unfit(model: Model, api: Api, { images }: Pick<Call, "images">): Unfit | null {
  if (!model.capabilities.includes(NEEDED[api])) return { what: "api", param: "model" };
  if (images === null) return null;
  if (!model.capabilities.includes("vision")) return { what: "images", param: images.first };
  // A model server of the site that fetches what callers name would reach what they must not.
  const inside = model.targets.some(({ provider }) => provider === undefined);
  if (images.remote !== null && inside) return { what: "remote image", param: images.remote };
  return null;
}
