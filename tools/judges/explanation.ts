/** Findings against what is said of them: what stays unexplained, and which excuses nobody needs. Pure. */
import { byText, type Finding, type JudgeName } from "./finding.ts";

export interface Explanation {
  readonly judge: JudgeName;
  readonly rule: string;
  /** Which objects: `*` stands for any text. */
  readonly objects: readonly string[];
  /** Why the judge's advice is not followed here. */
  readonly reason: string;
  /** What is done about the danger that the judge means. */
  readonly instead: string;
}

export interface StackFindings {
  readonly stack: string;
  readonly findings: readonly Finding[];
}

export interface StackVerdict extends StackFindings {
  readonly explained: readonly Finding[];
  readonly unexplained: readonly Finding[];
}

export interface Verdict {
  readonly stacks: readonly StackVerdict[];
  /** Patterns that match no finding of any stack; empty where not every stack was judged. */
  readonly dead: readonly string[];
}

/** `whole`: every stack was judged by every judge, so that an explanation without a finding is dead. */
export function weigh(
  judged: readonly StackFindings[],
  explanations: readonly Explanation[],
  whole: boolean,
): Verdict {
  const rows = explanations.flatMap((explanation) =>
    explanation.objects.map((pattern) => ({ explanation, pattern, form: formOf(pattern) })),
  );
  const used = new Set<(typeof rows)[number]>();
  const stacks = judged.map(({ stack, findings }) => {
    const explained: Finding[] = [];
    const unexplained: Finding[] = [];
    for (const finding of [...findings].sort(byText)) {
      const fitting = rows.filter(
        ({ explanation, form }) =>
          explanation.judge === finding.judge &&
          explanation.rule === finding.rule &&
          form.test(finding.object),
      );
      for (const row of fitting) used.add(row);
      (fitting.length > 0 ? explained : unexplained).push(finding);
    }
    return { stack, findings, explained, unexplained };
  });
  const dead = rows
    .filter((row) => whole && !used.has(row))
    .map(({ explanation: { judge, rule }, pattern }) => `${judge} ${rule} ${pattern}`);
  return { stacks, dead };
}

function formOf(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
