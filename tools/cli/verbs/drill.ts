/**
 * Proves on the running local stack that alerts arrive: gives it stubs of every channel, puts faults in, and
 * prints how long each took from its cause to its delivery. What it changed is put back at the end.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { run } from "../../base/process.ts";
import { createProgress } from "../../base/progress.ts";
import { UserError } from "../../base/user-error.ts";
import { type Drill, drill, wavesNamed } from "../../drill/drill.ts";
import { drillTable, tableLines } from "../../drill/drill-table.ts";
import { type Kubectl, NAMESPACE } from "../../drill/place.ts";
import {
  drillAlerts,
  SINK,
  SINK_HOST,
  SINK_NAMESPACE,
  sinkObjects,
} from "../../drill/sink-objects.ts";
import { readImagesLock } from "../../images/lock.ts";
import { type Authority, createAuthority, issueCertificate } from "../../pki/authority.ts";
import { simulateYesterday } from "../drill-history.ts";
import { drillPlace } from "../drill-place.ts";
import { AUTHORITY_KEY } from "../local-stack.ts";
import { openSession, type Session, STACK_OPTIONS } from "../session.ts";
import type { Verb } from "../verb.ts";

const CONTROLS = "SIM_TEST_CONTROLS";
const SAID_LINES = 12;

export const verb: Verb = {
  name: "drill",
  summary: "puts faults into the local stack and times each until its alert is delivered",
  usage: "local [--only WORDS] [--json]",
  examples: [
    "npm run drill -- local                 # all faults: about an hour, most of it waiting",
    "npm run drill -- local --only losses   # one wave of them",
    'npm run drill -- local --only "audit trail"   # one fault',
  ],
  options: {
    ...STACK_OPTIONS,
    only: {
      type: "string",
      value: "WORDS",
      help: "waves, or single faults, whose name holds these words",
    },
    json: { type: "boolean", help: "print one JSON object" },
  },
  positionals: [1, 1],
  async run(call) {
    const waves = wavesNamed(call.flags.text("only"));
    if (waves.length === 0) {
      const names = wavesNamed(undefined).map(({ name }) => `"${name}"`);
      throw new UserError(`no wave and no fault is named "${call.flags.text("only")}"`, {
        where: "command line",
        fix: `a wave: ${names.join(", ")}; or words of a fault's name (docs/alerts.md)`,
      });
    }
    const session = await openSession(call);
    if (!session.isLocal) {
      throw new UserError(`a drill breaks what it is run on, and ${session.stack} serves people`, {
        where: "command line",
        fix: "npm run drill -- local",
      });
    }
    const place = await drillPlace(session);
    const progress = createProgress();
    const authority = await stackAuthority(session);
    const figures = await withStubs(session, place.kubectl, async () => {
      await simulateYesterday(place.kubectl);
      const told: Drill["told"] = (wave) => {
        for (const line of tableLines([wave])) progress.note(line);
      };
      return drill({ place, authority, waves, progress, signal: call.signal, told });
    });
    const text = call.flags.on("json")
      ? `${JSON.stringify(figures, null, 2)}\n`
      : drillTable(figures);
    process.stdout.write(text);
    return figures.waves.every(({ faults }) => faults.every(({ alert }) => alert !== null)) ? 0 : 1;
  },
};

async function stackAuthority({ config }: Session): Promise<Authority> {
  const kept = (await config.values())[AUTHORITY_KEY];
  if (kept !== undefined) return JSON.parse(kept.value) as Authority;
  throw new UserError("the local stack has no authority of its own", {
    where: "deepseek:certificates",
    fix: "npm run up -- local, without certificates in the settings",
  });
}

/** With stubs as channels and model servers that misbehave when asked; both are undone afterwards. */
async function withStubs<T>(
  session: Session,
  kubectl: Kubectl,
  work: () => Promise<T>,
): Promise<T> {
  const progress = createProgress();
  const own = ["-n", NAMESPACE];
  const models = ["deployment", "-l", "app.kubernetes.io/name=model-server"];
  try {
    const alerts = await progress.step("stubs of every channel", () => makeSink(session, kubectl));
    await progress.step("the stack tells them", () =>
      upAgain(session, ["--config", `deepseek:monitoring.alerts=${JSON.stringify(alerts)}`]),
    );
    await kubectl([...own, "set", "env", ...models, `${CONTROLS}=on`]);
    const names = await kubectl([...own, "get", ...models, "-o", "name"]);
    for (const name of names.trim().split("\n")) {
      await kubectl([...own, "rollout", "status", name, "--timeout=180s"]);
    }
    return await work();
  } finally {
    await progress.step("the stack as it was", async () => {
      await kubectl([...own, "set", "env", ...models, `${CONTROLS}-`]);
      await upAgain(session, ["--refresh"]);
      await kubectl(["delete", "namespace", SINK_NAMESPACE, "--ignore-not-found", "--wait=false"]);
    });
  }
}

/** Resolves with the settings that name the stubs. */
async function makeSink(session: Session, kubectl: Kubectl): Promise<object> {
  const lock = await readImagesLock(session.environment.stateDir);
  const image = lock?.images.find(({ name }) => name === "simulator")?.tag;
  if (image === undefined) throw new Error("the image of the simulator is not in the lock");
  const authority = await createAuthority("Stubs of channels", 1);
  const certificate = await issueCertificate(authority, {
    ...{ commonName: SINK, dnsNames: [SINK_HOST], usage: "server", days: 1 },
  });
  const source = path.join(session.projectDir, "tools/drill/sink.ts");
  const program = await readFile(source, "utf8");
  await kubectl(["delete", "pod", "-n", SINK_NAMESPACE, SINK, "--ignore-not-found", "--wait=true"]);
  await kubectl(["apply", "-f", "-"], JSON.stringify(sinkObjects({ image, certificate, program })));
  const pod = ["-n", SINK_NAMESPACE, `pod/${SINK}`];
  await kubectl(["wait", ...pod, "--for=condition=Ready", "--timeout=60s"]);
  const address = await kubectl(["get", ...pod, "-o", "jsonpath={.status.podIP}"]);
  return drillAlerts(address, authority.certificate);
}

/** As a person would call it; its words are shown only where it fails. */
async function upAgain(session: Session, more: readonly string[]): Promise<void> {
  const { environment, stack } = session;
  const main = path.join(import.meta.dirname, "../main.ts");
  const words = ["--disable-warning=ExperimentalWarning", main, "up", stack, "--yes", ...more];
  const { code, stdout, stderr } = await run(process.execPath, words, {
    env: environment.variables,
  });
  if (code === 0) return;
  const said = `${stdout}${stderr}`.trim().split("\n").slice(-SAID_LINES).join("\n");
  throw new UserError(`npm run up -- ${stack} ended with ${code}:\n${said}`, {
    where: "the stack as the drill needs it",
    fix: `npm run up -- ${stack}, until that works by itself`,
    exitCode: 1,
  });
}
