/** Settings of a small program of ours: variables with one prefix, strict, all faults at once. */
import type { z } from "zod";
import { UserError } from "./user-error.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** What the schema makes of the variables, each named without the prefix. */
export function namedSettings<Schema extends z.ZodType>(
  schema: Schema,
  prefix: string,
  variables: Variables,
  fix = "set them right",
): z.output<Schema> {
  const own = Object.entries(variables).filter(([name]) => name.startsWith(prefix));
  const named = Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
  const parsed = schema.safeParse(named);
  if (parsed.success) return parsed.data;
  throw new UserError(faultLines(parsed.error, prefix), { where: "environment", fix });
}

/** Paths and what would be right: zod quotes no value in either. */
export function faultLines(error: z.ZodError, prefix: string): string {
  return error.issues
    .map(({ path, message }) => `${prefix}${path.join(".")}: ${message}`)
    .join("\n");
}
