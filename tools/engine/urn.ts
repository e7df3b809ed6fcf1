/**
 * Pulumi's resource names: `urn:pulumi:<stack>::<project>::<parentType$…$type>::<name>`, and the
 * references to Pulumi providers, `<urn>::<id>`.
 */

/** The type of every program's root resource; it never appears in its children's type chain. */
export const STACK_TYPE = "pulumi:pulumi:Stack";

const PROVIDER_PREFIX = "pulumi:providers:";

export interface UrnParts {
  readonly stack: string;
  readonly project: string;
  /** The whole chain, `a:b:C$d:e:F`. */
  readonly qualifiedType: string;
  readonly type: string;
  readonly name: string;
}

export function makeUrn(
  stack: string,
  project: string,
  parent: string | undefined,
  type: string,
  name: string,
): string {
  const parentType = parent === undefined || parent === "" ? "" : parseUrn(parent).qualifiedType;
  const chain = parentType === "" || parentType === STACK_TYPE ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${chain}::${name}`;
}

export function parseUrn(urn: string): UrnParts {
  const [head = "", project = "", qualifiedType = "", ...name] = urn.split("::");
  return {
    stack: head.slice("urn:pulumi:".length),
    project,
    qualifiedType,
    type: qualifiedType.slice(qualifiedType.lastIndexOf("$") + 1),
    // A name may itself contain "::".
    name: name.join("::"),
  };
}

export function isProviderType(type: string): boolean {
  return type.startsWith(PROVIDER_PREFIX);
}

export function providerType(packageName: string): string {
  return `${PROVIDER_PREFIX}${packageName}`;
}

/** `kubernetes:apps/v1:Deployment` and `pulumi:providers:kubernetes` both give `kubernetes`. */
export function packageOf(type: string): string {
  return isProviderType(type)
    ? type.slice(PROVIDER_PREFIX.length)
    : type.slice(0, Math.max(0, type.indexOf(":")));
}

export interface ProviderReference {
  readonly urn: string;
  readonly id: string;
}

export function parseReference(reference: string): ProviderReference {
  const cut = reference.lastIndexOf("::");
  return { urn: reference.slice(0, cut), id: reference.slice(cut + 2) };
}

export function makeReference(urn: string, id: string): string {
  return `${urn}::${id}`;
}

/** Default Pulumi providers are named after their version: `default_4_34_2`, or `default`. */
export function defaultProviderName(version: string): string {
  return version === "" ? "default" : `default_${version.replace(/[.\-+]/g, "_")}`;
}

export function isDefaultProvider(reference: string): boolean {
  return /^default(_|$)/.test(parseUrn(parseReference(reference).urn).name);
}
