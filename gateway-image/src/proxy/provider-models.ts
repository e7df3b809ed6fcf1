/**
 * The models of outside providers that the gateway knows by itself: data with its sources, which
 * a test judges. Offered with GW_PROVIDER_MODELS=on, each provider's as soon as its key is there.
 * What no source tells is null: a length that was guessed would admit calls that must fail.
 */
import { z } from "zod";
import { type Model, modelSchema } from "../documents.ts";
import file from "./provider-models.json" with { type: "json" };
import { PROVIDER_NAMES } from "./providers.ts";

const { id, ownedBy, contextLength, capabilities, lifecycle } = modelSchema.shape;
const { sunsetAt, trainingData, dimensions, imageTokensMax } = modelSchema.shape;

export const providerModelsSchema = z.strictObject({
  models: z.array(
    z.strictObject({
      id,
      provider: z.enum(PROVIDER_NAMES),
      ownedBy,
      model: id.optional().describe("The provider's own name, where it differs."),
      contextLength,
      capabilities,
      lifecycle,
      sunsetAt,
      trainingData,
      dimensions,
      imageTokensMax,
      sources: z
        .array(z.strictObject({ url: z.url(), read: z.iso.date(), says: z.string().min(1) }))
        .min(1),
    }),
  ),
});

/** As the routes file would say it. */
export function providerModels(): Model[] {
  return providerModelsSchema.parse(file).models.map(({ provider, model, sources: _, ...known }) =>
    modelSchema.parse({
      ...known,
      targets: [{ provider, ...(model === undefined ? {} : { model }) }],
    }),
  );
}
