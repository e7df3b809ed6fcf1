/**
 * Pulumi's type tokens of this package, `kubernetes:<group>/<version>:<Kind>`, and the types that
 * the embedded engine refuses by name instead of doing half of them.
 */
import { UserError } from "../../../base/user-error.ts";
import type { PropertyMap } from "../../values.ts";
import { type GroupVersionKind, stringAt } from "./kube-object.ts";

/** The object's own apiVersion and kind; the token's where the program gave none (`get`). */
export function kindOfResource(type: string, inputs: PropertyMap): GroupVersionKind {
  const apiVersion = stringAt(inputs, "apiVersion");
  const kind = stringAt(inputs, "kind");
  if (apiVersion !== undefined && kind !== undefined) return { apiVersion, kind };
  const [, group = "", name = ""] = type.split(":");
  const fromToken = group.startsWith("core/") ? group.slice("core/".length) : group;
  return { apiVersion: apiVersion ?? fromToken, kind: kind ?? name };
}

const REFUSED: readonly (readonly [pattern: RegExp, what: string, instead: string])[] = [
  [/^kubernetes:helm\.sh\//, "Helm", "Render the chart (helm template) and declare its objects"],
  [/^kubernetes:helm:/, "Helm", "Render the chart (helm template) and declare its objects"],
  [
    /^kubernetes:kustomize/,
    "Kustomize",
    "Build the overlay (kubectl kustomize) and declare its objects",
  ],
  [/^kubernetes:yaml\/v2:/, "yaml/v2", "Use kubernetes.yaml.ConfigFile, or declare the objects"],
];

/** Throws for what only the real Pulumi provider can do. */
export function refuseUnsupported(type: string, name: string): void {
  for (const [pattern, what, instead] of REFUSED) {
    if (pattern.test(type)) throw refusal(type, name, `${what} is not supported`, instead);
  }
  const kind = type.slice(type.lastIndexOf(":") + 1);
  if (/^kubernetes:.*\/v[^:]*:\w+Patch$/.test(type)) {
    throw refusal(type, name, "Patch resources are not supported", "Declare the whole object");
  }
  if (/^kubernetes:.*\/v[^:]*:\w+List$/.test(type)) {
    throw refusal(type, name, `a ${kind} cannot be created`, "Declare each object by itself");
  }
}

function refusal(type: string, name: string, why: string, instead: string): UserError {
  return new UserError(`${type} "${name}": ${why} by the embedded engine.`, {
    where: name,
    fix: `${instead}, or deploy this stack with the Pulumi CLI.`,
  });
}
