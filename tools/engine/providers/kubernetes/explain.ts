/**
 * Refusals of the API server as one screen for the person who runs `up`: what was refused, which
 * field, and what to do. Every text passes the redactor.
 */
import { UserError } from "../../../base/user-error.ts";
import { containsSecret, type PropertyMap } from "../../values.ts";
import {
  ApiError,
  isNamespaceMissing,
  type Redactor,
  type StatusCause,
  UnreachableError,
} from "./api-error.ts";
import { markSecretContents } from "./checkpoint.ts";
import { describe, gvkOf, namespaceOf } from "./kube-object.ts";

export interface Refusal {
  readonly inputs: PropertyMap;
  readonly urn: string;
  readonly redactor: Redactor;
  /** True while nothing was changed yet. */
  readonly preview: boolean;
}

/** An error to throw instead of `error`; whatever is not an API server's answer passes through. */
export function explain(error: unknown, refusal: Refusal): unknown {
  const { inputs, urn } = refusal;
  const name = describe(inputs);
  const exitCode = refusal.preview ? 2 : 1;
  if (error instanceof UnreachableError) {
    return new UserError(
      `${name}: the API server could not be reached any more: ${error.message}.`,
      {
        where: urn,
        fix: "Run the same command again once the API server answers; it goes on from here.",
        exitCode,
      },
    );
  }
  if (!(error instanceof ApiError)) return error;
  const text = (message: string) => cleaned(message, refusal);
  const { what, fix } = story(error, inputs);
  const details =
    error.causes.length > 1 ? error.causes.map((cause) => `\n  - ${causeText(cause)}`) : [];
  return new UserError(text(`${name}: ${what}${details.join("")}`), {
    where: urn,
    fix: text(fix),
    exitCode,
  });
}

/** As explain, for texts that become reasons instead of errors. */
export function cleaned(message: string, refusal: Pick<Refusal, "inputs" | "redactor">): string {
  return refusal.redactor.clean(message, containsSecret(markSecretContents(refusal.inputs)));
}

function causeText(cause: StatusCause): string {
  return cause.field === "" ? cause.message : `${cause.field}: ${cause.message}`;
}

function story(error: ApiError, inputs: PropertyMap): { what: string; fix: string } {
  if (error.causes.some((cause) => cause.reason === "FieldManagerConflict")) return conflict(error);
  if (isNamespaceMissing(error)) {
    const namespace = namespaceOf(inputs);
    return {
      what: `the namespace "${namespace}" does not exist.`,
      fix: `Declare the Namespace in the program and use its name (namespace.metadata.name), or create "${namespace}".`,
    };
  }
  switch (error.code) {
    case 404:
      return {
        what: `the cluster serves no ${gvkOf(inputs).apiVersion} ${gvkOf(inputs).kind}.`,
        fix: "Install the operator or CRD that brings this kind, or use an apiVersion the cluster serves (kubectl api-resources).",
      };
    case 403:
      return {
        what: `the API server forbids it: ${error.message}`,
        fix: "Change the object so that the cluster's policies allow it, or use credentials that may do this.",
      };
    case 400:
    case 422:
      return {
        what: `the API server finds it invalid${error.causes.length > 1 ? ":" : `: ${error.message}`}`,
        fix: "Correct the fields named above.",
      };
    case 409:
      return {
        what: `it was changed by someone else meanwhile: ${error.message}`,
        fix: "Run the same command again.",
      };
    default:
      return {
        what: `the API server answered ${error.code}: ${error.message}`,
        fix: "Run the same command again; if it stays, look into the API server's log.",
      };
  }
}

/** `conflict with "kubectl-edit" using apps/v1` → manager and the fields it holds. */
function conflict(error: ApiError): { what: string; fix: string } {
  const fields = new Map<string, string[]>();
  for (const cause of error.causes) {
    const manager = /conflict with "([^"]*)"/.exec(cause.message)?.[1] ?? "another manager";
    fields.set(manager, [...(fields.get(manager) ?? []), cause.field]);
  }
  const list = [...fields].map(([manager, paths]) => `${manager} holds ${paths.join(", ")}`);
  return {
    what: `someone else manages fields that the program sets: ${list.join("; ")}.`,
    fix: 'Take the fields out of the program or name them in ignoreChanges; or, to take them over, set the annotation pulumi.com/patchForce: "true".',
  };
}

export function alreadyExists(refusal: Refusal, replacing: boolean): UserError {
  const name = describe(refusal.inputs);
  const why = replacing
    ? "cannot be replaced while the old one has its name"
    : "already exists in the cluster and is not managed by this resource";
  return new UserError(`${name} ${why}.`, {
    where: refusal.urn,
    fix: replacing
      ? "A replacement needs another name: leave metadata.name out, or set deleteBeforeReplace: true."
      : `Delete it (kubectl delete ${gvkOf(refusal.inputs).kind.toLowerCase()}), choose another name, give a renamed resource an alias, or set upsertExistingObjects: true on the Pulumi provider to take it over.`,
    exitCode: refusal.preview ? 2 : 1,
  });
}
