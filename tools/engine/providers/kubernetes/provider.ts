/**
 * The `kubernetes` Pulumi provider of the embedded engine: the contract of provider.ts over a real
 * API server (server-side apply, dry runs, watches), or over nothing at all for a render. What each
 * verb does is in the file named like it; here they are only put together.
 */
import { parseAllDocuments } from "yaml";
import { UserError } from "../../../base/user-error.ts";
import type { Provider } from "../../provider.ts";
import { isObject, type PropertyMap, type PropertyValue, revealMap, secret } from "../../values.ts";
import { checkObject } from "./check.ts";
import { checkConfig, diffConfig, readConfig } from "./config.ts";
import { removeObject } from "./delete.ts";
import { diffObject } from "./diff.ts";
import { stringAt, withMetadata } from "./kube-object.ts";
import { createObject, updateObject } from "./lifecycle.ts";
import { readObject } from "./read.ts";
import { previewCreate, previewUpdate, renderedObject } from "./rehearsal.ts";
import { createSession, type Session } from "./session.ts";
import { refuseUnsupported } from "./type-token.ts";

export interface KubernetesContext {
  /** KUBECONFIG, HOME and what exec plugins need; laid over this process's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** No cluster is asked; a create hands the inputs back. */
  readonly renderOnly?: boolean;
  /**
   * The cluster of `environment` stands in for the one that the program names: a simulated cloud has
   * made none.
   */
  readonly standIn?: boolean;
}

export function createKubernetesProvider(context: KubernetesContext): Provider {
  const renderOnly = context.renderOnly === true;
  const reached = (inputs: PropertyMap): PropertyMap =>
    context.standIn === true ? withoutCluster(inputs) : inputs;
  let session: Session | undefined;
  const current = (): Session => {
    session ??= createSession(readConfig({}, context.environment), renderOnly);
    return session;
  };
  return {
    checkConfig: async (inputs) => checkConfig(inputs),
    diffConfig: async (oldInputs, inputs) =>
      diffConfig(reached(oldInputs), reached(inputs), context.environment),
    configure: async (inputs) => {
      session?.close();
      session = createSession(readConfig(reached(inputs), context.environment), renderOnly);
    },
    check: (request) => checkObject(current(), request),
    diff: (request) => diffObject(current(), request),
    create: async (request) => {
      if (renderOnly) return renderedObject(request);
      return request.preview ? previewCreate(current(), request) : createObject(current(), request);
    },
    update: async (request) => {
      if (renderOnly) return renderedObject(request);
      if (request.preview) return { outputs: await previewUpdate(current(), request) };
      return updateObject(current(), request);
    },
    delete: (request) => (request.preview ? Promise.resolve() : removeObject(current(), request)),
    read: (request) => readObject(current(), request),
    invoke: async (token, args) => invoke(current(), token, args),
    previewFaults: async (signal) => {
      const fault = await session?.wantedKinds.fault((group) =>
        current().discovery().versions(group, signal),
      );
      return fault === undefined ? [] : [fault];
    },
    close: async () => session?.close(),
  };
}

function withoutCluster(inputs: PropertyMap): PropertyMap {
  const { kubeconfig: _, context: __, cluster: ___, ...rest } = inputs;
  return rest;
}

/** `kubernetes:yaml:decode` is what ConfigFile and ConfigGroup of the SDK read manifests with. */
function invoke(session: Session, token: string, args: PropertyMap): Record<string, PropertyValue> {
  if (token !== "kubernetes:yaml:decode") {
    refuseUnsupported(token, token);
    throw new UserError(`${token} is not supported by the embedded engine.`, {
      fix: "Deploy this stack with the Pulumi CLI, or do without this function.",
    });
  }
  const plain = revealMap(args);
  const namespace = stringAt(plain, "defaultNamespace") ?? session.config.namespace;
  const objects = parseAllDocuments(stringAt(plain, "text") ?? "").flatMap((document) => {
    if (document.errors.length > 0) {
      throw new UserError(
        `A manifest is not valid YAML: ${document.errors[0]?.message.split("\n")[0]}`,
        {
          fix: "Correct the manifest.",
        },
      );
    }
    return flatten(document.toJS());
  });
  const placed = objects.map((object) => {
    const missing = stringAt(object, "metadata", "namespace") === undefined;
    return missing && namespace !== undefined ? withMetadata(object, { namespace }) : object;
  });
  const result = placed.map((object) => (object.kind === "Secret" ? secret(object) : object));
  return { result };
}

/** A List stands for its items. */
function flatten(value: unknown): PropertyMap[] {
  if (!isObject(value)) return [];
  if (typeof value.kind === "string" && value.kind.endsWith("List") && Array.isArray(value.items)) {
    return value.items.flatMap(flatten);
  }
  return [value];
}
