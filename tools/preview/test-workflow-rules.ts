/** What every ready workflow must hold to, as faults in words; for tests. */
import { parse } from "yaml";

type Loose = Readonly<Record<string, unknown>>;

export function githubFaults(text: string): string[] {
  const workflow = parse(text) as Loose;
  const triggers = Object.keys(objectOf(workflow["on"]));
  const isReview = triggers.includes("pull_request");
  const jobs = Object.entries(objectOf(workflow["jobs"])).map(
    ([name, job]) => [name, objectOf(job)] as const,
  );
  return [
    ...(triggers.includes("pull_request_target") ? ["pull_request_target"] : []),
    ...(JSON.stringify(workflow["permissions"]) === "{}"
      ? []
      : ["permissions of the workflow are not {}"]),
    ...(isReview && /secrets\.|id-token|github\.token/.test(text)
      ? ["a pull request is given a secret"]
      : []),
    ...jobs.flatMap(([name, job]) => jobFaults(name, job, { isReview, workflow, text })),
  ];
}

interface Around {
  readonly isReview: boolean;
  readonly workflow: Loose;
  readonly text: string;
}

function jobFaults(name: string, job: Loose, { isReview, workflow }: Around): string[] {
  const permissions = objectOf(job["permissions"]);
  const steps = (job["steps"] as readonly Loose[]) ?? [];
  const changes = steps.some(({ run }) => /pulumi up|npm run up/.test(String(run)));
  const concurrency = objectOf(workflow["concurrency"]);
  const writes = Object.entries(permissions).filter(([, level]) => level === "write");
  return [
    ...(job["permissions"] === undefined ? [`${name}: no permissions of its own`] : []),
    ...(typeof job["timeout-minutes"] === "number" ? [] : [`${name}: no time-out`]),
    ...(isReview && writes.length > 0 ? [`${name}: a pull request may write`] : []),
    ...(changes && job["environment"] === undefined
      ? [`${name}: changes without an environment`]
      : []),
    ...(changes && concurrency["cancel-in-progress"] !== false ? [`${name}: may be cut off`] : []),
    ...steps.flatMap((step) => stepFaults(name, step, workflow)),
  ];
}

/** Texts that whoever opens a pull request chooses: a shell would run what stands in them. */
const CHOSEN =
  /\$\{\{[^}]*(head_ref|\.title|\.body|\.ref\b|head_branch|head_repository|label|login)[^}]*\}\}/;

function stepFaults(job: string, step: Loose, workflow: Loose): string[] {
  const uses = step["uses"] === undefined ? undefined : String(step["uses"]);
  const run = String(step["run"] ?? "");
  const given = objectOf(step["with"]);
  const isPinned = uses === undefined || /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/.test(uses);
  const isCheckout = uses?.startsWith("actions/checkout@") === true;
  const isTrusted = Object.keys(objectOf(workflow["on"])).includes("workflow_run");
  const fetchesHead =
    isTrusted &&
    /head_sha|head_branch|pull\//.test(`${JSON.stringify(given)}${run.replace(/--jq[^|]*/, "")}`) &&
    (isCheckout || /git (fetch|checkout|clone)/.test(run));
  return [
    ...(isPinned ? [] : [`${job}: ${uses} is not pinned by a whole commit`]),
    ...(isCheckout && given["persist-credentials"] !== false
      ? [`${job}: checkout leaves its token behind`]
      : []),
    ...(CHOSEN.test(run) || /\$\{\{/.test(run)
      ? [`${job}: an expression stands in a shell line`]
      : []),
    ...(/npm (ci|install|i)\b(?!.*--ignore-scripts)/.test(run)
      ? [`${job}: scripts of packages run`]
      : []),
    ...(fetchesHead ? [`${job}: a trusted job takes code of the pull request`] : []),
  ];
}

export function gitlabFaults(text: string): string[] {
  const pipeline = Object.entries(parse(text) as Loose)
    .filter(([name]) => !/^(stages|default|variables|workflow|\..*)$/.test(name))
    .map(([name, job]) => [name, objectOf(job)] as const);
  return pipeline.flatMap(([name, job]) => {
    const script = ((job["script"] as readonly unknown[]) ?? []).flat().map(String).join("\n");
    const rules = JSON.stringify(job["rules"]);
    const isReview = rules?.includes("merge_request_event") === true;
    const changes = /pulumi up/.test(script);
    return [
      ...(job["timeout"] === undefined ? [`${name}: no time-out`] : []),
      ...(isReview &&
      (job["id_tokens"] !== undefined ||
        job["environment"] !== undefined ||
        /PASSPHRASE|TOKEN/.test(script))
        ? [`${name}: a merge request is given a secret`]
        : []),
      ...(changes && !/"when":"manual"/.test(rules ?? "")
        ? [`${name}: changes without a person`]
        : []),
      ...(changes && (job["resource_group"] === undefined || job["interruptible"] === true)
        ? [`${name}: two may run at once`]
        : []),
      ...(/npm (ci|install|i)\b(?!.*--ignore-scripts)/.test(script)
        ? [`${name}: scripts of packages run`]
        : []),
    ];
  });
}

function objectOf(value: unknown): Loose {
  if (typeof value === "string") return { [value]: {} };
  return typeof value === "object" && value !== null ? (value as Loose) : {};
}
