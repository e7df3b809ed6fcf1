/**
 * Kinds that a preview met and the cluster does not serve: an operator is missing, or an older one
 * is there. A definition that the same program brings makes its kind wanted no more, in whichever
 * order the two come, so they are judged when the preview has ended, all at once.
 */
import { UserError } from "../../../base/user-error.ts";
import type { PropertyMap } from "../../values.ts";
import { groupOf } from "./discovery.ts";
import { gvkOf, idOf, listAt, stringAt } from "./kube-object.ts";

/** The versions of a group that the cluster serves; none: it does not know the group. */
export type ServedVersions = (group: string) => Promise<readonly string[]>;

export interface MissingKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** The objects that are of it. */
  readonly objects: readonly string[];
  /** The versions of its group that are served. */
  readonly served: readonly string[];
}

const DEFINITION = "CustomResourceDefinition";

export class WantedKinds {
  /** By apiVersion and kind: the objects that are of it. */
  readonly #wanted = new Map<string, string[]>();
  readonly #planned = new Set<string>();

  /** An object of a kind that is not served. */
  want(object: PropertyMap): void {
    const { apiVersion, kind } = gvkOf(object);
    const name = `${apiVersion} ${kind}`;
    this.#wanted.set(name, [...(this.#wanted.get(name) ?? []), idOf(object)]);
  }

  /** An object of the program: it may bring a kind. */
  note(object: PropertyMap): void {
    if (gvkOf(object).kind !== DEFINITION) return;
    const group = stringAt(object, "spec", "group");
    const kind = stringAt(object, "spec", "names", "kind");
    for (const version of listAt(object, "spec", "versions")) {
      if (version.served === false) continue;
      this.#planned.add(`${group}/${stringAt(version, "name")} ${kind}`);
    }
  }

  /** What is neither served nor planned, by name. */
  async missing(served: ServedVersions): Promise<readonly MissingKind[]> {
    const names = [...this.#wanted.keys()].filter((name) => !this.#planned.has(name)).sort();
    return Promise.all(
      names.map(async (name) => {
        const [apiVersion = "", kind = ""] = name.split(" ");
        const objects = this.#wanted.get(name) ?? [];
        return { apiVersion, kind, objects, served: await served(groupOf(apiVersion)) };
      }),
    );
  }

  /** undefined: all that is wanted is served, or planned. */
  async fault(served: ServedVersions): Promise<UserError | undefined> {
    const missing = await this.missing(served);
    if (missing.length === 0) return undefined;
    const lines = missing.map(
      (one) => `\n  - ${one.apiVersion} ${one.kind} (${some(one.objects)}); ${servedInstead(one)}`,
    );
    return new UserError(
      `the cluster does not serve ${missing.length === 1 ? "a kind" : `${missing.length} kinds`} that this stack needs:${lines.join("")}`,
      {
        fix: "Install the operators that bring them, in a version that serves them (npm run doctor -- STACK names them), or leave out the settings that ask for them.",
      },
    );
  }
}

/** `of keda.sh it serves v1beta1`. */
export function servedInstead({ apiVersion, served }: MissingKind): string {
  return `of ${groupOf(apiVersion)} it serves ${served.length === 0 ? "nothing" : served.join(", ")}`;
}

/** `deepseek/a and 2 more`. */
export function some(objects: readonly string[]): string {
  const [first = ""] = [...objects].sort();
  return objects.length === 1 ? first : `${first} and ${objects.length - 1} more`;
}
