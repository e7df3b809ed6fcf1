/**
 * Judges a policy as IAM does, for tests: a call in, what the policy says of it out. Knows the
 * operators that our policies use and refuses others, so that no condition passes unread. Semantics:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */

export interface Call {
  /** An identity's ARN, or a service's name. */
  readonly who: string;
  readonly action: string;
  readonly resource?: string;
  readonly context?: Readonly<Record<string, string>>;
}

type Values = string | readonly string[];

interface Judged {
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: "*" | Readonly<Record<string, Values>>;
  readonly Action: Values;
  readonly Resource?: Values;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, Values>>>>;
}

/** "none" where the policy says nothing, which IAM takes for no. */
export function judge(policy: string, call: Call): "allow" | "deny" | "none" {
  const statements = (JSON.parse(policy) as { Statement: Judged[] }).Statement;
  const matching = statements.filter((statement) => matches(statement, call));
  if (matching.some(({ Effect }) => Effect === "Deny")) return "deny";
  return matching.length > 0 ? "allow" : "none";
}

function matches(statement: Judged, call: Call): boolean {
  const { Principal, Action, Resource, Condition } = statement;
  return (
    (Principal === undefined || isPrincipal(Principal, call.who)) &&
    list(Action).some((action) => like(action, call.action)) &&
    (Resource === undefined || list(Resource).some((one) => like(one, call.resource ?? "*"))) &&
    Object.entries(Condition ?? {}).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) =>
        holds(operator, call.context?.[key], list(wanted)),
      ),
    )
  );
}

/** The account's root stands for every identity of the account whom IAM allows. */
function isPrincipal(principal: NonNullable<Judged["Principal"]>, who: string): boolean {
  if (principal === "*") return true;
  const accounts = list(principal.AWS ?? []);
  const account = /^arn:[^:]+:[^:]+::(\d{12}):/.exec(who)?.[1];
  if (
    account !== undefined &&
    accounts.some((one) => one === "*" || one.endsWith(`${account}:root`))
  ) {
    return true;
  }
  return list(principal.Service ?? []).includes(who);
}

function holds(operator: string, found: string | undefined, wanted: readonly string[]): boolean {
  switch (operator) {
    case "StringEquals":
      return found !== undefined && wanted.includes(found);
    case "StringNotEqualsIfExists":
      return found === undefined || !wanted.includes(found);
    case "ArnEquals":
    case "ArnLike":
      return found !== undefined && wanted.some((one) => like(one, found));
    case "Bool":
      return found !== undefined && wanted.includes(found);
    case "Null":
      return wanted.includes(String(found === undefined));
    case "NumericLessThan":
      return found !== undefined && wanted.some((one) => Number(found) < Number(one));
    default:
      throw new Error(`the judge does not know ${operator}`);
  }
}

function like(pattern: string, text: string): boolean {
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${source}$`).test(text);
}

function list(values: Values): readonly string[] {
  return typeof values === "string" ? [values] : values;
}
