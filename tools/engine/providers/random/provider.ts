/**
 * The embedded `random` Pulumi provider: every resource of @pulumi/random 4.21 with the inputs,
 * outputs, defaults and replacements of the real one. A value is drawn once, at create, and lives
 * in the state; nothing outside the state exists, so read and delete have nothing to do.
 */
import { UserError } from "../../../base/user-error.ts";
import type {
  CheckFailure,
  CheckRequest,
  CheckResult,
  CreateRequest,
  Diff,
  DiffRequest,
  PropertyChange,
  Provider,
  ReadRequest,
  ReadResult,
  ResourceResult,
  UpdateRequest,
} from "../../provider.ts";
import {
  isObject,
  isUnknown,
  type PropertyMap,
  type PropertyValue,
  revealMap,
  secret,
  UNKNOWN,
} from "../../values.ts";
import {
  BCRYPT_COST,
  BCRYPT_COST_LEAST,
  type InputSpec,
  RANDOM_TYPES,
  type RandomType,
  withDefaults,
} from "./resources.ts";

const NO_CHANGE: Diff = { changes: {}, replaces: [], deleteBeforeReplace: false };

export interface RandomOptions {
  /** What is made is for nobody's use: its hashes are true and cheap. */
  readonly renderOnly: boolean;
}

export function createRandomProvider({ renderOnly }: RandomOptions): Provider {
  const bcryptCost = renderOnly ? BCRYPT_COST_LEAST : BCRYPT_COST;
  return {
    checkConfig: async (inputs) => ({ inputs, failures: [] }),
    diffConfig: async () => NO_CHANGE,
    configure: async () => {},
    check,
    diff,
    create: (request) => create(request, bcryptCost),
    update,
    delete: async () => {},
    read,
    invoke: async (token) => {
      throw new UserError(`The random Pulumi provider has no function ${token}.`, {
        fix: "Remove the call; @pulumi/random has resources only.",
      });
    },
    close: async () => {},
  };
}

function typeOf(token: string): RandomType {
  const type = RANDOM_TYPES[token];
  if (type !== undefined) return type;
  throw new UserError(`The resource type ${token} is not one of @pulumi/random 4.21.`, {
    fix: `Use one of: ${Object.keys(RANDOM_TYPES)
      .map((known) => known.split(":")[2])
      .join(", ")}.`,
  });
}

async function check(request: CheckRequest): Promise<CheckResult> {
  const type = typeOf(request.type);
  const inputs = revealMap(request.inputs);
  const failures: CheckFailure[] = [];
  for (const [property, value] of Object.entries(inputs)) {
    const spec = type.inputs[property];
    if (property.startsWith("__")) continue;
    if (spec === undefined) {
      failures.push({
        property,
        reason: `Unknown property. Known: ${Object.keys(type.inputs).sort().join(", ")}.`,
      });
    } else {
      const reason = kindFault(spec, value);
      if (reason !== undefined) failures.push({ property, reason });
    }
  }
  for (const [property, spec] of Object.entries(type.inputs)) {
    if (spec.required === true && (inputs[property] ?? null) === null) {
      failures.push({ property, reason: `Required and missing. Give it as ${spec.kind}.` });
    }
  }
  if (failures.length === 0 && type.faults !== undefined) {
    const known = Object.entries(inputs).filter(([, value]) => !isUnknown(value));
    failures.push(...type.faults(Object.fromEntries(known)));
  }
  return { inputs: request.inputs, failures };
}

function kindFault(spec: InputSpec, value: PropertyValue): string | undefined {
  if (value === null || isUnknown(value)) return undefined;
  switch (spec.kind) {
    case "string":
      return typeof value === "string" ? undefined : "Not a string. Give text in quotes.";
    case "boolean":
      return typeof value === "boolean" ? undefined : "Not a boolean. Give true or false.";
    case "integer":
      if (!Number.isSafeInteger(value)) return "Not a whole number. Give one up to 2^53 - 1.";
      return spec.least !== undefined && Number(value) < spec.least
        ? `${value} is too small. Give ${spec.least} or more.`
        : undefined;
    case "strings":
      return Array.isArray(value) && value.every((one) => typeof one === "string")
        ? undefined
        : 'Not a list of strings. Give ["a", "b"].';
    case "map":
      return isObject(value) && Object.values(value).every(isText)
        ? undefined
        : 'Not a map of strings. Give {key: "value"}.';
  }
}

function isText(value: PropertyValue): boolean {
  return value === null || typeof value === "string";
}

/**
 * Every input forces a replacement, as in the real provider; only a default written out, or a
 * keeper whose value is null, changes nothing.
 */
async function diff(request: DiffRequest): Promise<Diff> {
  const type = typeOf(request.type);
  const before = comparable(type, request.oldInputs);
  const after = comparable(type, request.inputs);
  const changes: Record<string, PropertyChange> = {};
  for (const property of Object.keys(type.inputs)) {
    // `number` is a second name of `numeric`; one of them is enough to tell.
    if (property === "number" || request.ignoreChanges.includes(property)) continue;
    const [old, now] = [before[property], after[property]];
    if (JSON.stringify(old ?? null) === JSON.stringify(now ?? null)) continue;
    const kind = old === undefined ? "add" : now === undefined ? "delete" : "update";
    changes[property] = { kind, replace: true };
  }
  return { changes, replaces: Object.keys(changes), deleteBeforeReplace: false, basis: "table" };
}

function comparable(type: RandomType, inputs: PropertyMap): PropertyMap {
  const filled = withDefaults(type, revealMap(inputs));
  const keepers = filled.keepers;
  if (!isObject(keepers)) return filled;
  const kept = Object.entries(keepers)
    .filter(([, value]) => value !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const { keepers: _, ...rest } = filled;
  return kept.length === 0 ? rest : { ...rest, keepers: Object.fromEntries(kept) };
}

async function create(request: CreateRequest, bcryptCost: number): Promise<ResourceResult> {
  const type = typeOf(request.type);
  const inputs = withDefaults(type, revealMap(request.inputs));
  if (request.preview) {
    const unknown = type.computed.map((key) => [key, mark(type, key, UNKNOWN)]);
    return { id: "", outputs: { ...inputs, ...Object.fromEntries(unknown) } };
  }
  const made = await type.make(inputs, bcryptCost);
  return { id: made.id, outputs: outputsOf(type, inputs, made) };
}

function outputsOf(
  type: RandomType,
  inputs: PropertyMap,
  made: { id: string; computed: PropertyMap },
): PropertyMap {
  const computed = Object.entries(made.computed).map(([key, value]) => [
    key,
    mark(type, key, value),
  ]);
  const meta =
    type.schemaVersion === 0
      ? {}
      : { __meta: JSON.stringify({ schema_version: String(type.schemaVersion) }) };
  return { ...inputs, ...meta, id: made.id, ...Object.fromEntries(computed) };
}

function mark(type: RandomType, key: string, value: PropertyValue): PropertyValue {
  return type.secrets.includes(key) ? secret(value) : value;
}

/** Only inputs that mean the same (a null keeper) can be updated; the value stays. */
async function update(request: UpdateRequest): Promise<{ outputs: PropertyMap }> {
  const type = typeOf(request.type);
  const inputs = withDefaults(type, revealMap(request.inputs));
  return { outputs: { ...request.oldOutputs, ...inputs } };
}

async function read(request: ReadRequest): Promise<ReadResult | undefined> {
  const type = typeOf(request.type);
  if (Object.keys(request.outputs).length > 0) {
    return { id: request.id, inputs: request.inputs, outputs: request.outputs };
  }
  const adopted = await type.adopt?.(request.id);
  if (adopted === undefined) {
    // The id may be the secret itself (a password is read by its value): it is never repeated.
    throw new UserError(`${request.type} cannot be read by the id given.`, {
      where: request.urn,
      fix: "Give the id as the registry page of the resource describes under Import, or create it.",
    });
  }
  const inputs = withDefaults(type, adopted.inputs);
  return {
    id: adopted.made.id,
    inputs: adopted.inputs,
    outputs: outputsOf(type, inputs, adopted.made),
  };
}
