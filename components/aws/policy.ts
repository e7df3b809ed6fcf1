/** IAM policies as data, so that tests can judge them: statements in, JSON text out. Pure. */

export type Condition = Readonly<Record<string, Readonly<Record<string, string | string[]>>>>;

export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  /** Absent in a policy of an identity. */
  readonly Principal?: "*" | Readonly<Record<string, string | string[]>>;
  readonly Action: string | readonly string[];
  /** Absent where the policy is of a role and says who may take it on. */
  readonly Resource?: string | readonly string[];
  readonly Condition?: Condition;
}

export function policyDocument(statements: readonly Statement[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** Who may take a role on: one service, and only for what belongs to this account. */
export function serviceTrust(
  principal: string,
  condition?: Condition,
  actions: readonly string[] = ["sts:AssumeRole"],
): string {
  return policyDocument([
    {
      Sid: "Service",
      Effect: "Allow",
      Principal: { Service: principal },
      Action: actions,
      ...(condition === undefined ? {} : { Condition: condition }),
    },
  ]);
}
