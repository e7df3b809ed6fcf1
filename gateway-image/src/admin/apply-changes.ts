/** Changes of the directory as an administrator makes them: what stands against them, as an answer. */
import { z } from "zod";
import { type Directory, ManagedByConfiguration, ReferenceFault } from "../directory/directory.ts";
import { type EntityChange, RevisionConflict } from "../directory/directory-store.ts";
import { GatewayError } from "../errors.ts";

export async function applyChanges(
  directory: Directory,
  changes: readonly EntityChange[],
): Promise<void> {
  try {
    await directory.apply(changes);
  } catch (error) {
    throw toGatewayError(error);
  }
}

function toGatewayError(error: unknown): GatewayError {
  if (error instanceof ManagedByConfiguration) {
    return new GatewayError("managed_by_configuration", { cause: error });
  }
  if (error instanceof ReferenceFault) {
    return new GatewayError("reference_conflict", { message: error.message, cause: error });
  }
  if (error instanceof RevisionConflict) {
    return new GatewayError("revision_conflict", { cause: error });
  }
  if (error instanceof z.ZodError) return malformed(error);
  return new GatewayError("directory_unavailable", { cause: error });
}

function malformed(error: z.ZodError): GatewayError {
  const [issue] = error.issues;
  const param = issue?.path.map(String).join(".") ?? "";
  const what = issue?.message ?? "is invalid";
  const message = param === "" ? what : `${param}: ${what}`;
  return new GatewayError("invalid_request", { message, ...(param === "" ? {} : { param }) });
}

export function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw malformed(result.error);
}
