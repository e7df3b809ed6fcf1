/** Fields that several documents and entities share. */
import { z } from "zod";

export const entityName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/)
  .describe("A name: letters, digits and . _ : / -, at most 128 characters.");
export const hex64 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe("SHA-256, lower-case hex.");
export const models = z
  .union([z.literal("*"), z.array(entityName).min(1)])
  .describe('The models it may use, or "*" for all.');
export const moment = z.iso.datetime({ offset: true });
