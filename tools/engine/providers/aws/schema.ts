/**
 * Names and shapes of the resources the simulated cloud knows, as @pulumi/aws declares them. The
 * data (schema.json) is extracted from the installed package and proved current by a test; what
 * the declarations do not tell (replacements, formats, values) is in the tables.
 */
import schema from "./schema.json" with { type: "json" };

/** Property → `string`, `number`, `boolean`, `json`, `any`, `X[]`, `{X}` (a map) or an object. */
export type Shapes = Readonly<Record<string, string>>;

export interface ObjectShape {
  readonly inputs: Shapes;
  readonly required: readonly string[];
}

export interface ResourceShape extends ObjectShape {
  /** Outputs that are set for every resource of the type. */
  readonly always: readonly string[];
  readonly optional: readonly string[];
}

export interface FunctionShape extends ObjectShape {
  readonly results: readonly string[];
}

export interface AwsSchema {
  readonly version: string;
  readonly provider: Shapes;
  readonly resources: Readonly<Record<string, ResourceShape>>;
  readonly functions: Readonly<Record<string, FunctionShape>>;
  readonly objects: Readonly<Record<string, ObjectShape>>;
}

export const AWS_SCHEMA: AwsSchema = schema;
