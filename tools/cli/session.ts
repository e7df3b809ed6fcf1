/**
 * One call of a verb on one stack: the project, its configuration, its state, and the Pulumi
 * providers of the embedded engine, put together from the command line and the environment.
 */
import { readdir } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../base/user-error.ts";
import type { ProviderFactories } from "../engine/providers/factory.ts";
import { createKeyring, type Keyring } from "../engine/state/crypto.ts";
import { createFileBackend, type FileBackend } from "../engine/state/file-backend.ts";
import { passphraseSource } from "../engine/state/passphrase.ts";
import {
  openStackConfig,
  type Project,
  readProject,
  type StackConfig,
} from "../engine/state/stack-config.ts";
import type { ConfigValue } from "../engine/values.ts";
import { backendUrl, type Environment } from "./environment.ts";
import type { Call, OptionSpec } from "./verb.ts";

/** Options of every verb that opens a stack. */
export const STACK_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  cwd: {
    type: "string",
    value: "DIR",
    help: "folder of another Pulumi program (default: this one)",
  },
  "simulate-cloud": {
    type: "boolean",
    help: "cloud resources are simulated; their state stays apart and is marked",
  },
};

/** Options of the verbs that run the program. */
export const PROGRAM_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...STACK_OPTIONS,
  engine: { type: "string", value: "NAME", help: "embedded or pulumi (default: the stack's own)" },
  kubeconfig: { type: "string", value: "FILE", help: "use this cluster" },
  context: { type: "string", value: "NAME", help: "the kubeconfig's context" },
  config: {
    type: "string",
    multiple: true,
    value: "KEY=VALUE",
    help: "a setting for this run only; KEY may be a path: deepseek:gateway.replicas=3",
  },
  "policy-pack": {
    type: "string",
    multiple: true,
    value: "DIR",
    help: "judge by this policy pack",
  },
  "policy-pack-config": {
    type: "string",
    multiple: true,
    value: "FILE",
    help: "settings of the pack's policies (JSON), one for each --policy-pack",
  },
  parallel: { type: "string", value: "N", help: "steps in flight at once (default 16)" },
  json: { type: "boolean", help: "print one JSON object" },
};

/** Told to the program: a deployment that is none needs no digests and no authorities. */
export const SIMULATED_CLOUD = { DEEPSEEK_SIMULATED_CLOUD: "true" } as const;

export type Operation = "preview" | "up" | "refresh" | "destroy";

export interface Session {
  readonly call: Call;
  readonly environment: Environment;
  readonly project: Project;
  readonly projectDir: string;
  readonly stack: string;
  readonly simulateCloud: boolean;
  /** The stack that this package deploys on a bare machine. */
  readonly isLocal: boolean;
  readonly config: StackConfig;
  readonly backend: FileBackend;
  readonly keyring: Keyring;
}

/** Opens the stack named by the first argument. Reads nothing of its state yet. */
export async function openSession(call: Call): Promise<Session> {
  const { environment, flags } = call;
  const stack = call.positionals[0] ?? "";
  const cwd = flags.text("cwd");
  const projectDir = cwd === undefined ? environment.projectDir : path.resolve(cwd);
  const project = await readProject(projectDir);
  const ours = projectDir === environment.projectDir;
  if (ours) await requireSettings(projectDir, stack);
  const isLocal = ours && stack === "local";
  const simulateCloud = flags.on("simulate-cloud");
  const keyring = createKeyring(
    passphraseSource({
      environment: environment.variables,
      // Other stacks' secrets deserve a passphrase that a person keeps.
      ...(isLocal || !ours || simulateCloud
        ? { generatedFile: path.join(environment.stateDir, "passphrase") }
        : {}),
    }),
  );
  const config = openStackConfig({
    project,
    projectDir,
    stack,
    overlayDir: path.join(environment.stateDir, "config"),
    keyring,
  });
  const backend = createFileBackend({
    backendUrl: backendUrl(environment),
    project: project.name,
    simulated: simulateCloud,
    keyring,
    onNotice: (text) => process.stderr.write(`  ${text}\n`),
  });
  return {
    ...{ call, environment, project, projectDir, stack, simulateCloud, isLocal, config, backend },
    keyring,
  };
}

/** For verbs that ask a stack which nobody has made yet. */
export function notDeployed({ stack, environment, simulateCloud }: Session): UserError {
  return new UserError(`the stack ${stack} has not been deployed`, {
    where: backendUrl(environment),
    fix: `npm run up -- ${stack}${simulateCloud ? " --simulate-cloud" : ""}`,
  });
}

/** The same call on the program of another folder: another revision of it. */
export async function sessionAt(session: Session, projectDir: string): Promise<Session> {
  const { stack, environment, keyring } = session;
  const project = await readProject(projectDir);
  const overlayDir = path.join(environment.stateDir, "config");
  const config = openStackConfig({ project, projectDir, stack, overlayDir, keyring });
  return { ...session, project, projectDir, config };
}

/** A stack of this package is a file of settings; a mistyped name is told with what there is. */
async function requireSettings(projectDir: string, stack: string): Promise<void> {
  const stacks = await stackNames(projectDir);
  if (stacks.includes(stack)) return;
  throw new UserError(`there is no stack "${stack}" here`, {
    where: path.join(projectDir, `Pulumi.${stack}.yaml`),
    fix: `one of: ${stacks.join(", ")}; a new stack begins with a file of that name (docs/configuration.md)`,
  });
}

/** Every stack that has settings here, sorted. */
export async function stackNames(projectDir: string): Promise<string[]> {
  const names = (await readdir(projectDir)).flatMap((file) => {
    const [, name] = /^Pulumi\.(.+)\.yaml$/.exec(file) ?? [];
    return name === undefined ? [] : [name];
  });
  return names.sort();
}

/** The stack's configuration with the values of `--config`, which last for this run. */
export async function configuration(
  session: Session,
): Promise<Readonly<Record<string, ConfigValue>>> {
  const values: Record<string, ConfigValue> = { ...(await session.config.values()) };
  const context = session.call.flags.text("context");
  const assignments = [
    ...session.call.flags.list("config"),
    ...(context === undefined || !session.isLocal ? [] : [`deepseek:cluster.context=${context}`]),
  ];
  for (const assignment of assignments) assign(session.project.name, values, assignment);
  return values;
}

/** `ns:key.path=value`: sets a whole key, or one value inside an object. */
export function assign(
  project: string,
  values: Record<string, ConfigValue>,
  assignment: string,
): void {
  const equals = assignment.indexOf("=");
  if (equals <= 0) {
    throw new UserError(`--config "${assignment}" has no value`, {
      where: "command line",
      fix: "write --config KEY=VALUE, as in --config deepseek:gateway.replicas=3",
    });
  }
  const written = assignment.slice(0, equals);
  const text = assignment.slice(equals + 1);
  const [key = "", ...steps] = (written.includes(":") ? written : `${project}:${written}`).split(
    ".",
  );
  const old = values[key];
  if (steps.length === 0) {
    values[key] = { value: text, secret: old?.secret ?? false };
    return;
  }
  const tree: unknown = old === undefined ? {} : JSON.parse(old.value);
  values[key] = {
    value: JSON.stringify(withValue(tree, steps, scalar(text))),
    secret: old?.secret ?? false,
  };
}

function withValue(tree: unknown, steps: readonly string[], value: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  const base = typeof tree === "object" && tree !== null ? tree : {};
  return { ...base, [step]: withValue(Reflect.get(base, step), rest, value) };
}

/** Numbers, booleans and JSON are taken as such; anything else is text. */
function scalar(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The embedded engine's Pulumi providers, each loaded when the program needs it. */
export async function embeddedProviders(
  session: Session,
  { renderOnly }: { readonly renderOnly: boolean },
): Promise<ProviderFactories> {
  const [{ createKubernetesProvider }, { createRandomProvider }, { createSimulatedAwsProvider }] =
    await Promise.all([
      import("../engine/providers/kubernetes/provider.ts"),
      import("../engine/providers/random/provider.ts"),
      import("../engine/providers/aws/provider.ts"),
    ]);
  return {
    kubernetes: ({ environment }) =>
      createKubernetesProvider({
        environment,
        renderOnly,
        standIn: session.simulateCloud,
      }),
    random: () => createRandomProvider({ renderOnly }),
    aws: ({ environment }) =>
      createSimulatedAwsProvider({ simulateCloud: session.simulateCloud, environment }),
  };
}
