/**
 * The command line. Every verb is one file in verbs/, loaded when it is called. Exit codes: 0 done,
 * 1 something failed while it was being done, 2 nothing was changed (bad input, refusal), 130
 * interrupted.
 */
import { UserError } from "../base/user-error.ts";
import { renderFault } from "../engine/display/fault.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { ofFiles } from "./file-fault.ts";
import { helpText, parseCall, type Verb } from "./verb.ts";

const VERBS: Readonly<Record<string, () => Promise<{ verb: Verb }>>> = {
  up: () => import("./verbs/up.ts"),
  preview: () => import("./verbs/preview.ts"),
  destroy: () => import("./verbs/destroy.ts"),
  refresh: () => import("./verbs/refresh.ts"),
  outputs: () => import("./verbs/outputs.ts"),
  render: () => import("./verbs/render.ts"),
  judge: () => import("./verbs/judge.ts"),
  policies: () => import("./verbs/policies.ts"),
  state: () => import("./verbs/state.ts"),
  sites: () => import("./verbs/sites.ts"),
  images: () => import("./verbs/images.ts"),
  cluster: () => import("./verbs/cluster.ts"),
  kubectl: () => import("./verbs/kubectl.ts"),
  doctor: () => import("./verbs/doctor.ts"),
  soak: () => import("./verbs/soak.ts"),
  drill: () => import("./verbs/drill.ts"),
  size: () => import("./verbs/size.ts"),
  "gpu-check": () => import("./verbs/gpu-check.ts"),
  smoke: () => import("./verbs/smoke.ts"),
  weights: () => import("./verbs/weights.ts"),
  gateway: () => import("./verbs/gateway.ts"),
  bench: () => import("./verbs/bench.ts"),
  "bench:edge": () => import("./verbs/bench-edge.ts"),
  "bench:preview": () => import("./verbs/bench-preview.ts"),
  "bench:policies": () => import("./verbs/bench-policies.ts"),
  "bench:gateway": () => import("./verbs/bench-gateway.ts"),
  check: () => import("./verbs/check.ts"),
  format: () => import("./verbs/format.ts"),
  test: () => import("./verbs/test.ts"),
};

async function main(args: readonly string[]): Promise<number> {
  const environment = readEnvironment();
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "help") {
    process.stdout.write(await overview());
    return name === undefined ? 2 : 0;
  }
  const load = VERBS[name];
  if (load === undefined) {
    throw new UserError(`there is no verb "${name}"`, {
      where: "command line",
      fix: `one of ${Object.keys(VERBS).join(", ")}`,
    });
  }
  const { verb } = await load();
  const interruption = interruptible();
  const call = parseCall(verb, rest, environment, interruption);
  if (call === "help") {
    process.stdout.write(helpText(verb));
    return 0;
  }
  const code = await verb.run(call).catch((error: unknown) => {
    // Whatever was waited for when somebody interrupted: that is no fault of the verb's.
    if (interruption.aborted && error instanceof Error && error.name === "AbortError") return 130;
    throw error;
  });
  return interruption.aborted ? 130 : code;
}

async function overview(): Promise<string> {
  const verbs = await Promise.all(Object.values(VERBS).map((load) => load()));
  const width = Math.max(...verbs.map(({ verb }) => verb.name.length));
  const lines = verbs.map(({ verb }) => `  npm run ${verb.name.padEnd(width)}  ${verb.summary}`);
  return `A private DeepSeek service, one stack per environment.\n\n${lines.join("\n")}\n\nEach takes --help: npm run up -- --help\n`;
}

/** The first interrupt asks for an orderly end; the second one is taken at its word. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write(
      "\nstopping: finishing what has begun and saving the state (again: at once)\n",
    );
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller.signal;
}

function report(thrown: unknown, { columns, color }: Environment): number {
  const error = ofFiles(thrown);
  const lines = renderFault(error, { columns, color });
  process.stderr.write(`${lines.join("\n")}\n`);
  return error instanceof UserError ? error.exitCode : 1;
}

/**
 * Everything open (keep-alive sockets, timers of libraries) is of no use after the answer; but what was
 * written to a pipe is handed over later, and an exit before that would cut it off.
 */
async function leave(code: number): Promise<void> {
  const written = (stream: NodeJS.WriteStream) =>
    new Promise<void>((resolve) => stream.write("", () => resolve()));
  await Promise.all([written(process.stdout), written(process.stderr)]);
  process.exit(code);
}

try {
  await leave(await main(process.argv.slice(2)));
} catch (error) {
  await leave(report(error, readEnvironment()));
}
