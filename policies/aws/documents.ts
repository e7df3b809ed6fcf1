/** Policy documents of IAM, KMS and S3, which Pulumi carries as JSON texts. */
import { asFields, type Fields } from "../kubernetes/values.ts";

export interface Statement {
  readonly sid: string;
  readonly allows: boolean;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly principals: readonly string[];
  readonly condition: Fields | undefined;
}

/** undefined: no document that could be read. */
export function statementsOf(document: unknown): readonly Statement[] | undefined {
  const parsed = typeof document === "string" ? parse(document) : document;
  const list = asFields(parsed)?.["Statement"];
  const statements = Array.isArray(list) ? list : list === undefined ? undefined : [list];
  return statements?.map((one: unknown, index) => statementOf(asFields(one) ?? {}, index));
}

function statementOf(fields: Fields, index: number): Statement {
  const principal = fields["Principal"];
  const named = asFields(principal);
  return {
    sid: typeof fields["Sid"] === "string" ? fields["Sid"] : `number ${index + 1}`,
    allows: fields["Effect"] === "Allow",
    actions: listOf(fields["Action"]),
    resources: listOf(fields["Resource"]),
    principals:
      named === undefined ? listOf(principal) : Object.values(named).flatMap((one) => listOf(one)),
    condition: asFields(fields["Condition"]),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function listOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.map(String) : [];
}
