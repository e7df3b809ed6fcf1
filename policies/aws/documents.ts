/** Policy documents of IAM, KMS, S3 and others, which Pulumi carries as JSON texts. */
import { asFields, type Fields, isPresent, oneOrMany, parsedJson } from "../kubernetes/values.ts";

export interface Statement {
  readonly sid: string;
  readonly allows: boolean;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly principals: readonly string[];
  /** Of an identity provider elsewhere: whom it vouches for is the condition's word. */
  readonly federated: boolean;
  /** `NotAction`, `NotResource`, `NotPrincipal`: everything but what is written. */
  readonly negations: readonly string[];
  readonly condition: Fields | undefined;
}

/** undefined: no document that could be read. */
export function statementsOf(document: unknown): readonly Statement[] | undefined {
  const parsed = typeof document === "string" ? parsedJson(document) : document;
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
    actions: textsOf(fields["Action"]),
    resources: textsOf(fields["Resource"]),
    principals:
      named === undefined
        ? textsOf(principal)
        : Object.values(named).flatMap((one) => textsOf(one)),
    federated: isPresent(named?.["Federated"]),
    negations: ["NotAction", "NotResource", "NotPrincipal"].filter((key) => isPresent(fields[key])),
    condition: asFields(fields["Condition"]),
  };
}

/** How a request comes, not whose it is or what it is about. */
const HOW_IT_COMES =
  /^(aws:(SecureTransport|UserAgent|Referer|CurrentTime|EpochTime|TokenIssueTime|ViaAWSService|MultiFactorAuth\w+)|s3:TlsVersion)$/i;

/**
 * Does a condition leave somebody or something out? One that only says how a request comes does not, nor
 * one that holds where its key is absent (IfExists, ForAllValues, Null), one that names who is left out
 * (Not…), or one whose value is anything.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export function narrows(condition: Fields | undefined): boolean {
  return Object.entries(condition ?? {}).some(([operator, tests]) => {
    if (/IfExists$|^ForAllValues:|^Null$|Not/i.test(operator)) return false;
    return Object.entries(asFields(tests) ?? {}).some(
      ([key, value]) =>
        !HOW_IT_COMES.test(key) && !textsOf(value).some((one) => /^[*?]*$|\/0$/.test(one)),
    );
  });
}

function textsOf(value: unknown): string[] {
  return oneOrMany(value).map(String);
}
