/**
 * Which kinds of a stack's objects a cluster does not serve, asked without planning anything: for a
 * look at the cluster before the first preview. Judged as at the end of a preview (wanted-kinds.ts).
 */
import type { PropertyMap } from "../../values.ts";
import { readConfig } from "./config.ts";
import { builtInKind } from "./discovery.ts";
import { gvkOf } from "./kube-object.ts";
import { createSession } from "./session.ts";
import type { MissingKind } from "./wanted-kinds.ts";

export interface ClusterQuestion {
  readonly objects: readonly PropertyMap[];
  /** Inputs of the stack's Pulumi provider: which context. */
  readonly provider: PropertyMap;
  /** KUBECONFIG, HOME and what exec plugins need. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export async function missingKinds(question: ClusterQuestion): Promise<readonly MissingKind[]> {
  const { objects, provider, environment, signal } = question;
  const session = createSession(readConfig(provider, environment), false);
  try {
    for (const object of objects) {
      session.wantedKinds.note(object);
      const kind = await session.kindOf(gvkOf(object), signal);
      if (kind === undefined) session.wantedKinds.want(object);
    }
    return await session.wantedKinds.missing((group) =>
      session.discovery().versions(group, signal),
    );
  } finally {
    session.close();
  }
}

/** Not of Kubernetes itself: an operator brings its kind. */
export function isCustom(object: PropertyMap): boolean {
  return builtInKind(gvkOf(object)) === undefined;
}
