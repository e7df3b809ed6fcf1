/** Which cluster a look at a stack asks: the one that is named, else a person's own, else none. */
import { access } from "node:fs/promises";
import path from "node:path";
import { inspectLocal } from "./local-stack.ts";
import { type Session, SIMULATED_CLOUD } from "./session.ts";

export interface AskedCluster {
  /** With the KUBECONFIG that was asked for. */
  readonly environment: Readonly<Record<string, string>>;
  /** Somebody named a kubeconfig. */
  readonly named: boolean;
  /** There is a kubeconfig, named or in its usual place. */
  readonly known: boolean;
}

export async function askedCluster(session: Session): Promise<AskedCluster> {
  if (session.isLocal) {
    const { environment, renderOnly } = await inspectLocal(session);
    return { environment, named: !renderOnly, known: !renderOnly };
  }
  const { variables } = session.environment;
  const kubeconfig = session.call.flags.text("kubeconfig");
  const environment = {
    ...variables,
    ...(kubeconfig === undefined ? {} : { KUBECONFIG: path.resolve(kubeconfig) }),
    ...(session.simulateCloud ? SIMULATED_CLOUD : {}),
  };
  const named = environment["KUBECONFIG"] !== undefined;
  return { environment, named, known: named || (await hasKubeconfig(variables["HOME"])) };
}

async function hasKubeconfig(home: string | undefined): Promise<boolean> {
  if (home === undefined) return false;
  return access(path.join(home, ".kube/config")).then(
    () => true,
    () => false,
  );
}
