/**
 * More tokens than a prompt can have: its bytes, since no tokenizer makes more tokens than bytes;
 * an image is no text, so each counts by what the model makes of the largest one. Pure.
 */
import type { Call } from "../context.ts";
import type { Model } from "../documents.ts";
import { limits } from "../limits.ts";

export function promptTokensMax(
  body: Buffer,
  { images }: Pick<Call, "images">,
  model: Pick<Model, "imageTokensMax">,
): number {
  if (images === null) return body.length;
  const perImage = model.imageTokensMax ?? limits.imageTokensMax;
  return body.length - images.bytes + images.count * perImage;
}
