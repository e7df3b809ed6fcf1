/** What an outside judge says, in one form whoever says it. */

export type JudgeName = "kube-score" | "monokle" | "checkov";

export interface Finding {
  readonly judge: JudgeName;
  /** The judge's own name for what it looks for. */
  readonly rule: string;
  /** `Kind/namespace/name`, with `#container` where it is about one; for the cloud `aws_type.name`. */
  readonly object: string;
  readonly message: string;
}

export function byText(a: Finding, b: Finding): number {
  const left = `${a.judge} ${a.rule} ${a.object} ${a.message}`;
  const right = `${b.judge} ${b.rule} ${b.object} ${b.message}`;
  return left < right ? -1 : left > right ? 1 : 0;
}
