/** The same operation with the Pulumi CLI: our options in its words, our state folder its backend. */
import path from "node:path";
import { runInTerminal } from "./child.ts";
import { backendUrl } from "./environment.ts";
import type { Operation, Session } from "./session.ts";

export function runPulumi(session: Session, operation: Operation): Promise<number> {
  const { flags } = session.call;
  const kubeconfig = flags.text("kubeconfig");
  return runInTerminal(session.environment, "pulumi", pulumiArguments(session, operation), {
    PULUMI_BACKEND_URL: backendUrl(session.environment),
    ...(kubeconfig === undefined ? {} : { KUBECONFIG: path.resolve(kubeconfig) }),
  });
}

function pulumiArguments(session: Session, operation: Operation): readonly string[] {
  const { flags } = session.call;
  const on = (ours: string, theirs: string) => (flags.on(ours) ? [theirs] : []);
  return [
    operation,
    ...["--cwd", session.projectDir, "--stack", session.stack],
    ...(operation === "preview" ? [] : on("yes", "--yes")),
    ...on("json", "--json"),
    ...on("refresh", "--refresh"),
    ...on("expect-no-changes", "--expect-no-changes"),
    ...flags.list("target").flatMap((urn) => ["--target", urn]),
    ...flags.list("policy-pack").flatMap((folder) => ["--policy-pack", path.resolve(folder)]),
    ...flags
      .list("policy-pack-config")
      .flatMap((file) => ["--policy-pack-config", path.resolve(file)]),
    ...(flags.text("parallel") === undefined ? [] : ["--parallel", flags.text("parallel") ?? ""]),
    ...(flags.text("message") === undefined ? [] : ["--message", flags.text("message") ?? ""]),
    ...flags.list("config").flatMap((setting) => ["--config-path", "--config", setting]),
  ];
}
