/**
 * A running policy pack: Pulumi's own runner in its own process, asked over the Analyzer protocol
 * about each resource (Remediate, Analyze) and about the whole stack (AnalyzeStack).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { parse } from "yaml";
import { UserError } from "../../base/user-error.ts";
import type { PolicyViolation } from "../events.ts";
import type { ProgramOptions } from "../host/program-options.ts";
import type { PolicyPack } from "../operation.ts";
import { endProcess } from "../process-end.ts";
import type { ResourceState } from "../resource.ts";
import { parseReference, parseUrn } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { analyzerProto, analyzerService, CHANNEL_OPTIONS, emptyModule } from "../wire/proto.ts";
import { decodeStruct, encodeStruct, type ProtoStructLike } from "../wire/struct.ts";
import {
  type EnforcementLevel,
  type PackSettings,
  settingFaults,
  settle,
} from "./pack-settings.ts";
import { toViolation } from "./violations.ts";

/** Loading a pack compiles it with ts-node: 2 s here; a loaded machine may need many times that. */
const START_TIMEOUT_MS = 120_000;
/** One question; a rule may itself wait for something. */
const CALL_TIMEOUT_MS = 60_000;

export interface Analyzer {
  readonly name: string;
  /** Says whether the resources that follow belong to a preview or to an update. */
  configure(preview: boolean): Promise<void>;
  analyze(
    state: ResourceState,
    providerInputs: PropertyMap | undefined,
  ): Promise<PolicyViolation[]>;
  /** The inputs after every remediation that applied. */
  remediate(state: ResourceState): Promise<{ inputs: PropertyMap; notes: string[] }>;
  analyzeStack(states: readonly ResourceState[]): Promise<PolicyViolation[]>;
  close(): Promise<void>;
}

export async function startAnalyzer(
  { folder: packDir, settings = {} }: PolicyPack,
  program: ProgramOptions,
): Promise<Analyzer> {
  if (!existsSync(path.join(packDir, "PulumiPolicy.yaml"))) {
    throw new UserError("this is no policy pack", {
      where: packDir,
      fix: "Name a folder with a PulumiPolicy.yaml.",
    });
  }
  const child = startRunner(packDir, program);
  try {
    const port = await readPort(child, packDir);
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), CHANNEL_OPTIONS);
    const call = caller(client);
    const info = await call<Info>("getAnalyzerInfo", new emptyModule.Empty());
    await call("configure", await settingsRequest(info, settings, packDir));
    return analyzerOver(info.getName(), program, call, async () => {
      client.close();
      await endProcess(child);
    });
  } catch (error) {
    await endProcess(child);
    throw error;
  }
}

type Info = InstanceType<typeof analyzerProto.AnalyzerInfo>;

/** The protocol's numbers. */
const LEVELS: readonly EnforcementLevel[] = ["advisory", "mandatory", "disabled", "remediate"];

async function settingsRequest(info: Info, given: PackSettings, where: string) {
  const policies = info.getPoliciesList().map((policy) => ({
    name: policy.getName(),
    level: LEVELS[policy.getEnforcementlevel()] ?? "advisory",
    properties: mapOf(policy.getConfigschema()?.getProperties()),
    required: policy.getConfigschema()?.getRequiredList() ?? [],
  }));
  const initial = [...info.getInitialconfigMap().entries()].map(([name, one]) => {
    const level = LEVELS[one.getEnforcementlevel()] ?? "advisory";
    return [name, { level, properties: mapOf(one.getProperties()) }] as const;
  });
  const settled = settle(policies, Object.fromEntries(initial), given);
  const faults = Object.keys(given).length > 0 ? await settingFaults(policies, given, settled) : [];
  if (faults.length > 0) {
    throw new UserError(`settings that the policy pack does not take: ${faults.join("; ")}`, {
      where,
      fix: "Set what its policies name in their schemas (configSchema).",
    });
  }
  const request = new analyzerProto.ConfigureAnalyzerRequest();
  for (const [name, { level, properties }] of Object.entries(settled)) {
    const one = new analyzerProto.PolicyConfig();
    one.setEnforcementlevel(LEVELS.indexOf(level) as never);
    one.setProperties(encodeStruct(properties) as never);
    request.getPolicyconfigMap().set(name, one);
  }
  return request;
}

function mapOf(struct: unknown): PropertyMap {
  return struct === undefined ? {} : decodeStruct(struct as ProtoStructLike);
}

type Call = <T>(method: string, request: object) => Promise<T>;

const requirePulumi = createRequire(import.meta.url);

function startRunner(packDir: string, program: ProgramOptions): ChildProcess {
  const runner = requirePulumi.resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js");
  // The first argument is the engine's address; the runner has no use for it.
  return spawn(process.execPath, [runner, "127.0.0.1:0", entryPoint(packDir)], {
    cwd: packDir,
    env: { ...program.environment, PULUMI_NODEJS_TYPESCRIPT: "false" },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** `main` of PulumiPolicy.yaml; without one the folder itself, as Node resolves it. */
function entryPoint(packDir: string): string {
  const file = path.join(packDir, "PulumiPolicy.yaml");
  const project = parse(readFileSync(file, "utf8")) as { main?: unknown } | null;
  return typeof project?.main === "string" ? path.resolve(packDir, project.main) : packDir;
}

function readPort(child: ChildProcess, packDir: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = "";
    let errors = "";
    const fail = (what: string) =>
      reject(
        new UserError(
          `the policy pack ${what}: ${errors.trim().split("\n").slice(-5).join("\n")}`,
          {
            where: packDir,
            fix: "Run the pack's own tests; the text above is what its runner said.",
          },
        ),
      );
    const timer = setTimeout(() => fail("did not start in 2 minutes"), START_TIMEOUT_MS);
    child.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString("utf8")).slice(-10_000);
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
      const port = /^(\d+)\s*$/m.exec(output)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
    child.once("error", () => fail("cannot be started"));
    child.once("exit", (code) => {
      clearTimeout(timer);
      fail(`ended with ${code}`);
    });
  });
}

function caller(client: Client): Call {
  return <T>(method: string, request: object) =>
    new Promise<T>((resolve, reject) => {
      const definition = analyzerService[method];
      if (definition === undefined) throw new Error(`the Analyzer protocol has no ${method}`);
      client.makeUnaryRequest(
        definition.path,
        definition.requestSerialize,
        definition.responseDeserialize as (bytes: Buffer) => T,
        request,
        { deadline: Date.now() + CALL_TIMEOUT_MS },
        (error, response) => {
          if (error) reject(new Error(`policy pack: ${error.details}`));
          else resolve(response as T);
        },
      );
    });
}

function stackRequest(program: ProgramOptions, preview: boolean) {
  const request = new analyzerProto.AnalyzerStackConfigureRequest();
  request.setStack(program.stack);
  request.setProject(program.project);
  request.setOrganization("organization");
  request.setDryRun(preview);
  const config = request.getConfigMap();
  const secrets: string[] = [];
  for (const [key, { value, secret }] of Object.entries(program.config)) {
    // A rule has no business with a secret's value; its key is enough to find it.
    config.set(key, secret ? "[secret]" : value);
    if (secret) secrets.push(key);
  }
  request.setConfigSecretKeysList(secrets);
  return request;
}

function analyzerOver(
  name: string,
  program: ProgramOptions,
  call: Call,
  close: () => Promise<void>,
): Analyzer {
  type Analyzed = InstanceType<typeof analyzerProto.AnalyzeResponse>;
  type Remediated = InstanceType<typeof analyzerProto.RemediateResponse>;
  return {
    name,
    close,
    configure: async (preview) => {
      await call("configureStack", stackRequest(program, preview));
    },
    analyze: async (state, providerInputs) => {
      const answer = await call<Analyzed>("analyze", resourceRequest(state, providerInputs));
      return answer.getDiagnosticsList().map((found) => toViolation(found, state.urn));
    },
    remediate: async (state) => {
      const answer = await call<Remediated>("remediate", resourceRequest(state, undefined));
      let inputs = state.inputs ?? {};
      const notes: string[] = [];
      for (const remediation of answer.getRemediationsList()) {
        const changed = remediation.getProperties() as ProtoStructLike | undefined;
        if (changed !== undefined) inputs = decodeStruct(changed);
        const why = remediation.getDiagnostic();
        notes.push(`${remediation.getPolicyname()}${why === "" ? " applied" : `: ${why}`}`);
      }
      return { inputs, notes };
    },
    analyzeStack: async (states) => {
      const request = new analyzerProto.AnalyzeStackRequest();
      request.setResourcesList(states.map(stackResource));
      const answer = await call<Analyzed>("analyzeStack", request);
      return answer.getDiagnosticsList().map((found) => toViolation(found, ""));
    },
  };
}

function resourceRequest(state: ResourceState, providerInputs: PropertyMap | undefined) {
  const request = new analyzerProto.AnalyzeRequest();
  request.setType(state.type);
  request.setUrn(state.urn);
  request.setName(parseUrn(state.urn).name);
  request.setProperties(encodeStruct(state.inputs ?? {}) as never);
  request.setOptions(resourceOptions(state));
  if (state.provider !== undefined) {
    const { urn } = parseReference(state.provider);
    const provider = new analyzerProto.AnalyzerProviderResource();
    provider.setUrn(urn);
    provider.setType(parseUrn(urn).type);
    provider.setName(parseUrn(urn).name);
    provider.setProperties(encodeStruct(providerInputs ?? {}) as never);
    request.setProvider(provider);
  }
  return request;
}

function resourceOptions(state: ResourceState) {
  const options = new analyzerProto.AnalyzerResourceOptions();
  options.setProtect(state.protect === true);
  options.setIgnorechangesList([...(state.ignoreChanges ?? [])]);
  options.setAdditionalsecretoutputsList([...(state.additionalSecretOutputs ?? [])]);
  options.setAliasesList([...(state.aliases ?? [])]);
  options.setParent(state.parent ?? "");
  const timeouts = new analyzerProto.AnalyzerResourceOptions.CustomTimeouts();
  timeouts.setCreate(state.customTimeouts?.create ?? 0);
  timeouts.setUpdate(state.customTimeouts?.update ?? 0);
  timeouts.setDelete(state.customTimeouts?.delete ?? 0);
  options.setCustomtimeouts(timeouts);
  return options;
}

/** A stack policy sees what the resources became: their outputs. */
function stackResource(state: ResourceState) {
  const resource = new analyzerProto.AnalyzerResource();
  resource.setType(state.type);
  resource.setUrn(state.urn);
  resource.setName(parseUrn(state.urn).name);
  resource.setProperties(encodeStruct(state.outputs ?? {}) as never);
  resource.setOptions(resourceOptions(state));
  resource.setParent(state.parent ?? "");
  resource.setDependenciesList([...(state.dependencies ?? [])]);
  const dependencies = resource.getPropertydependenciesMap();
  for (const [key, urns] of Object.entries(state.propertyDependencies ?? {})) {
    const list = new analyzerProto.AnalyzerPropertyDependencies();
    list.setUrnsList([...urns]);
    dependencies.set(key, list);
  }
  return resource;
}
