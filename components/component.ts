/**
 * What every component shares: its type token, the labels of its objects, and the registration of
 * its outputs. Knows no child.
 */
import * as pulumi from "@pulumi/pulumi";

export type Labels = Readonly<Record<string, string>>;

/** Kubernetes' own recommended labels; the first one alone selects pods. */
export const NAME_LABEL = "app.kubernetes.io/name";

export abstract class Component extends pulumi.ComponentResource {
  /** `kind` is `<room>:<Name>`; the token begins with the project's own package name. */
  constructor(kind: string, name: string, options?: pulumi.ComponentResourceOptions) {
    super(`deepseek:${kind}`, name, {}, options);
  }
}

/**
 * A value that the program itself fixes, for use once `resource` is there. Known in previews, unlike
 * the same value read back from the resource, so that plans and policies see what will be.
 */
export function after<T>(resource: pulumi.Resource, value: T): pulumi.Output<T> {
  return resource.urn.apply(() => value) as pulumi.Output<T>;
}

/** The odd need: changes what one child is made of, after the component has said what it thinks right. */
export type Transform<Args> = (args: Args) => Args;

/** Labels of every object of one program. */
export function labelsOf(program: string, extra: Labels = {}): Record<string, string> {
  return { [NAME_LABEL]: program, "app.kubernetes.io/part-of": "deepseek", ...extra };
}

/** What selects one program's pods, for Services, policies and spread alike. */
export function selectorOf(program: string, extra: Labels = {}): Record<string, string> {
  return { [NAME_LABEL]: program, ...extra };
}
