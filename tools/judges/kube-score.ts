/** kube-score (github.com/zegl/kube-score, MIT): good practice of Kubernetes objects. Needs no network. */
import path from "node:path";
import { stringify } from "yaml";
import { run } from "../base/process.ts";
import type { Progress } from "../base/progress.ts";
import { defaultCacheFolder } from "../debian/config.ts";
import { ensureGoPrograms } from "../go/programs.ts";
import type { Finding } from "./finding.ts";
import { type KubernetesObject, referenceOf } from "./kubernetes-objects.ts";

const PROGRAM = "kube-score";
/** Its scale: 1 critical, 5 warning, 7 nearly good, 10 good. */
const GRADE_GOOD = 10;

export async function ensureKubeScore(progress: Progress): Promise<string> {
  const folder = await ensureGoPrograms(
    {
      title: "kube-score",
      module: import.meta.dirname,
      packages: ["github.com/zegl/kube-score/cmd/kube-score"],
      linkerFlags: "-s -w",
      files: [PROGRAM],
      cacheDir: path.join(path.dirname(defaultCacheFolder()), "judges"),
    },
    progress,
  );
  return path.join(folder, PROGRAM);
}

/** `kubernetesVersion` as in v1.36.3: it decides which API versions count as old. */
export async function kubeScore(
  program: string,
  objects: readonly KubernetesObject[],
  kubernetesVersion: string,
): Promise<Finding[]> {
  const version = kubernetesVersion.split(".").slice(0, 2).join(".");
  const result = await run(
    program,
    // Optional tests are on, too; marks in objects that would silence it count for nothing.
    [
      ...["score", "--output-format", "json", "--kubernetes-version", version],
      ...["--all-default-optional", "--disable-ignore-checks-annotations", "-"],
    ],
    { input: objects.map((object) => stringify(object)).join("---\n") },
  );
  // 1: something was found.
  if (result.code !== 0 && result.code !== 1) {
    throw new Error(`kube-score ended with ${result.code}:\n${result.stderr.slice(-2_000)}`);
  }
  // null: there was nothing that it knows.
  return kubeScoreFindings(JSON.parse(result.stdout) ?? []);
}

export interface ScoredObject {
  readonly type_meta: { readonly kind: string };
  readonly object_meta: { readonly name: string; readonly namespace?: string };
  readonly checks: readonly {
    readonly check: { readonly id: string; readonly name: string };
    readonly grade: number;
    readonly skipped: boolean;
    readonly comments: readonly { readonly path: string; readonly summary: string }[] | null;
  }[];
}

export function kubeScoreFindings(scored: readonly ScoredObject[]): Finding[] {
  return scored.flatMap(({ type_meta, object_meta, checks }) => {
    const object = referenceOf(type_meta.kind, object_meta.namespace, object_meta.name);
    return checks
      .filter(({ grade, skipped }) => !skipped && grade < GRADE_GOOD)
      .flatMap(({ check, comments }) =>
        // What is said of no place in particular is said of the object.
        (comments === null || comments.length === 0
          ? [{ path: "", summary: check.name }]
          : comments
        ).map(({ path: place, summary }) => ({
          judge: "kube-score" as const,
          rule: check.id,
          object: place === "" ? object : `${object}#${place}`,
          message: summary,
        })),
      );
  });
}
