/**
 * Completes and examines a program's inputs before anything is planned: namespace and name as the
 * real Pulumi provider gives them, and the mistakes that can be seen without a cluster.
 */
import { UserError } from "../../../base/user-error.ts";
import type { CheckFailure, CheckRequest, CheckResult } from "../../provider.ts";
import {
  isObject,
  isSecret,
  isUnknown,
  type PropertyMap,
  reveal,
  revealMap,
} from "../../values.ts";
import { markSecretContents } from "./checkpoint.ts";
import {
  field,
  gvkOf,
  hasUnknownName,
  mapAt,
  nameOf,
  stringAt,
  withoutReadOnlyMetadata,
} from "./kube-object.ts";
import { assignName } from "./naming.ts";
import type { Session } from "./session.ts";
import { kindOfResource, refuseUnsupported } from "./type-token.ts";
import { WAIT_FOR } from "./waits/rules.ts";
import { waitForRule } from "./waits/wait-for.ts";

const MANAGED_BY = "app.kubernetes.io/managed-by";

export async function checkObject(session: Session, request: CheckRequest): Promise<CheckResult> {
  refuseUnsupported(request.type, request.name);
  const typed: PropertyMap = {
    ...kindOfResource(request.type, revealMap(request.inputs)),
    ...request.inputs,
  };
  const shaped = { ...typed, metadata: plainMetadata(typed.metadata) };
  const old = request.oldInputs === undefined ? undefined : revealMap(request.oldInputs);
  const named = assignName(withoutReadOnlyMetadata(shaped), old, request.name, request.randomSeed);
  const placed = await withNamespace(session, keepManagedBy(named, old));
  const inputs = markSecretContents(placed);
  session.learn(inputs);
  return { inputs, failures: faultsOf(revealMap(inputs)) };
}

/** A metadata block that is secret as a whole is opened: names and labels are no secrets. */
function plainMetadata(metadata: PropertyMap[string] | undefined): PropertyMap[string] {
  if (metadata === undefined || metadata === null) return {};
  return isSecret(metadata) ? reveal(metadata) : metadata;
}

/**
 * Under server-side apply the real Pulumi provider adds this label to no new object, and keeps it
 * on those that have it from an earlier time.
 */
function keepManagedBy(inputs: PropertyMap, old: PropertyMap | undefined): PropertyMap {
  if (field(old, "metadata", "labels", MANAGED_BY) !== "pulumi" || isUnknown(inputs.metadata))
    return inputs;
  const metadata = mapAt(inputs, "metadata");
  if (isUnknown(metadata.labels)) return inputs;
  const labels = isObject(metadata.labels) ? metadata.labels : {};
  return { ...inputs, metadata: { ...metadata, labels: { ...labels, [MANAGED_BY]: "pulumi" } } };
}

/** Kinds that cannot be told (a CRD still to come) count as namespaced, as most are. */
async function withNamespace(session: Session, inputs: PropertyMap): Promise<PropertyMap> {
  if (isUnknown(inputs.metadata)) return inputs;
  const { namespace, ...rest } = mapAt(inputs, "metadata");
  const kind = await kindOrUndefined(session, inputs);
  // A manifest's namespace means nothing on an object that has none.
  if (kind?.namespaced === false) return { ...inputs, metadata: rest };
  if (namespace !== undefined && namespace !== null && namespace !== "") return inputs;
  return { ...inputs, metadata: { ...rest, namespace: session.defaultNamespace() } };
}

async function kindOrUndefined(session: Session, inputs: PropertyMap) {
  try {
    return await session.kindOf(gvkOf(inputs));
  } catch (error) {
    // An unreachable cluster is told by whoever has to change something in it.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

const LABEL = /^[a-z0-9A-Z]([-a-z0-9A-Z_.]{0,61}[a-z0-9A-Z])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** Kinds whose names may hold other characters (`system:auth-delegator`). */
const FREE_NAMES = new Set(["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]);

function faultsOf(inputs: PropertyMap): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const fault = (property: string, reason: string) => void failures.push({ property, reason });
  const { apiVersion, kind } = gvkOf(inputs);
  if (apiVersion === "") fault("apiVersion", "apiVersion is missing.");
  if (kind === "") fault("kind", "kind is missing.");
  if (stringAt(inputs, "metadata", "generateName") !== undefined && nameOf(inputs) === "") {
    fault(
      "metadata.generateName",
      "generateName does not work with server-side apply. Leave it out: Pulumi gives the object a name of its own.",
    );
  }
  const name = nameOf(inputs);
  if (
    !hasUnknownName(inputs) &&
    name !== "" &&
    !FREE_NAMES.has(kind) &&
    (!SUBDOMAIN.test(name) || name.length > 253)
  ) {
    fault(
      "metadata.name",
      `"${name}" is no valid name: lower case letters, digits, "-" and ".", beginning and ending with a letter or digit, at most 253.`,
    );
  }
  const namespace = field(inputs, "metadata", "namespace");
  if (typeof namespace === "string" && !isUnknown(namespace) && !NAMESPACE.test(namespace)) {
    fault(
      "metadata.namespace",
      `"${namespace}" is no valid namespace: lower case letters, digits and "-", at most 63.`,
    );
  }
  for (const [key, value] of Object.entries(mapAt(inputs, "metadata", "labels"))) {
    if (isUnknown(value)) continue;
    if (typeof value !== "string" || (value !== "" && !LABEL.test(value))) {
      fault(
        `metadata.labels["${key}"]`,
        `"${String(value)}" is no valid label: at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit.`,
      );
    }
  }
  faultsOfAnnotations(inputs, fault);
  return failures;
}

function faultsOfAnnotations(
  inputs: PropertyMap,
  fault: (property: string, reason: string) => void,
): void {
  const annotations = mapAt(inputs, "metadata", "annotations");
  for (const [key, value] of Object.entries(annotations)) {
    if (typeof value !== "string")
      fault(`metadata.annotations["${key}"]`, "an annotation must be text.");
  }
  const waitFor = annotations[WAIT_FOR];
  if (typeof waitFor !== "string" || isUnknown(waitFor) || waitFor === "") return;
  try {
    waitForRule(waitFor);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    fault(`metadata.annotations["${WAIT_FOR}"]`, `${error.message}. ${error.fix}`);
  }
}
