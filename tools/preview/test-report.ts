/** Reports for tests: a small one, and what a hostile pull request would put into every text of it. */
import fc from "fast-check";
import type { Report, ReportStep } from "./report.ts";

export const STEP: ReportStep = {
  kind: "update",
  type: "kubernetes:apps/v1:Deployment",
  name: "edge",
  component: "edge",
  componentType: "deepseek:edge:Edge",
  protect: false,
  basis: "table",
  changes: [{ path: "spec.replicas", kind: "update", replace: false, old: "2", new: "3" }],
  files: 0,
  more: 0,
};

export const REPORT: Report = {
  format: "deepseek-preview/1",
  stack: "prod",
  base: { kind: "git", name: "origin/main", commit: "1".repeat(40), packages: "same" },
  head: { commit: "2".repeat(40), dirty: false },
  outcome: "planned",
  errors: [],
  same: 10,
  steps: [STEP],
  files: [],
  policies: null,
  exemptions: null,
  plan: { before: null, after: null },
};

/** `text` wherever a program, a branch or a rule may put one. */
export function everywhere(text: string): Report {
  const step: ReportStep = {
    ...STEP,
    kind: "delete",
    type: "aws:kms/key:Key",
    name: text,
    component: text,
    changes: [{ path: text, kind: "update", replace: true, old: text, new: text }],
  };
  const violation = {
    pack: text,
    policy: text,
    resource: text,
    level: "mandatory",
    message: text,
  } as const;
  const words = { rule: text, resources: text, reason: text, owner: text, approver: text };
  const changes = [{ what: text, old: text, new: text }];
  const exemption = { ...words, ticket: text, expires: text, changes };
  const plan = {
    gpus: 1,
    models: [
      { name: text, gpus: 1, replicas: { least: 1, most: 1 }, startSeconds: 1, servingLeast: 0 },
    ],
    inventory: [{ name: text, kind: text, replicas: 1 }],
    costItems: [{ name: text, quantity: 1, unit: text, region: text }],
    rtoSeconds: 1,
    rpoSeconds: 1,
    profile: text,
  };
  return {
    ...REPORT,
    base: { ...REPORT.base, name: text },
    errors: [text],
    steps: [
      step,
      { ...step, kind: "replace" },
      { ...step, kind: "update", basis: "unknown-effect" },
    ],
    files: [{ path: text, kind: "changed", lines: ["@@ -1 +1 @@", `-${text}`, `+${text}`] }],
    policies: {
      packs: [text],
      newlyFailing: [violation],
      noLongerFailing: [violation],
      stillFailing: 0,
      notEvaluated: [violation],
    },
    exemptions: {
      newlyUsed: [exemption],
      newlyEnded: [exemption],
      newlyUnused: [exemption],
      changed: [exemption],
      removed: [exemption],
      borne: 1,
    },
    plan: { before: { ...plan, models: [], inventory: [] }, after: plan },
  };
}

/** What breaks renderers: markup, mentions, references, ends of tables, folds and fences, odd characters. */
export const HOSTILE: readonly string[] = [
  "a | b \\| c \\\\| d",
  "``` \n~~~\n```` </details> <details>",
  "`code` ``two``",
  "</details></table><script>alert(1)</script><img src=x onerror=alert(1)>",
  "<!-- deepseek-preview:prod -->",
  "--> <!-- deepseek-preview:other -->",
  "@everyone @org/team #1 GH-1 org/repo#2 !3 $4 ~5",
  "https://evil.example/?x=[a](javascript:alert(1)) www.evil.example",
  "[click](https://evil.example) ![x](https://evil.example/x.png)",
  "**bold** _it_ ~~gone~~ # head\n# head\n\n- list\n| --- |",
  "&#60;b&#62; &lt;i&gt; &amp;",
  "\u202egnp.exe \u200b\u0000\u001b[31m\u2028",
  "$" + "{{ secrets.TOKEN }} $(id) `id`",
  ":tada: $x^2$ \\(y\\)",
];

export const hostileText = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 20, unit: "binary" })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join("").slice(0, 200));

/** Many rows and lines of any text: more than one comment takes. */
export const largeReport = fc
  .record({
    texts: fc.array(hostileText, { minLength: 3, maxLength: 6 }),
    steps: fc.nat({ max: 400 }),
    files: fc.nat({ max: 12 }),
    lines: fc.nat({ max: 300 }),
  })
  .map(({ texts, steps, files, lines }): Report => {
    const text = (index: number) => texts[index % texts.length] ?? "";
    const base = everywhere(text(0));
    return {
      ...base,
      steps: Array.from({ length: steps }, (_, index) => ({
        ...STEP,
        kind: index % 3 === 0 ? "delete" : "update",
        type: "aws:kms/key:Key",
        name: `${index}${text(index)}`.slice(0, 200),
        changes: [
          { path: text(index), kind: "update", replace: false, old: text(index + 1), new: "x" },
        ],
      })),
      files: Array.from({ length: files }, (_, index) => ({
        path: `${index}${text(index)}`.slice(0, 200),
        kind: "changed",
        lines: Array.from({ length: lines }, (_, line) => `+${text(line)}`),
      })),
    };
  });
