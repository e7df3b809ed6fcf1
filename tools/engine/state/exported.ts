/**
 * What `state export` or `pulumi stack export` printed, as a snapshot: whole, of this stack and project,
 * and of a real cloud.
 */
import { UserError } from "../../base/user-error.ts";
import type { Snapshot } from "../resource.ts";
import { isObject } from "../values.ts";
import type { DeploymentCodec } from "./checkpoint.ts";
import { parseDeployment, parseVersion, snapshotFaults } from "./integrity.ts";
import { checkSimulated, firstFew, parseObject } from "./stack-file.ts";
import { StateError } from "./state-error.ts";

export function decodeExport(
  codec: DeploymentCodec,
  project: string,
  stack: string,
  deployment: unknown,
): Promise<Snapshot> {
  return whole(stack, async () => {
    const raw = parseObject(JSON.stringify(deployment) ?? "");
    checkSimulated(parseVersion(raw).simulated, false);
    if (!isObject(raw["deployment"])) throw new Error("it has no deployment");
    const decoded = await codec.decode(parseDeployment(raw["deployment"]), false);
    const prefix = `urn:pulumi:${stack}::${project}::`;
    const strangers = decoded.resources.filter((resource) => !resource.urn.startsWith(prefix));
    const faults = [
      ...strangers.map((resource) => `${resource.urn} belongs to another stack or project`),
      ...snapshotFaults(decoded, { order: true }),
    ];
    if (faults.length > 0) throw new Error(firstFew(faults));
    return decoded;
  });
}

async function whole<T>(stack: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError || !(error instanceof Error)) throw error;
    throw new StateError(`The deployment cannot be imported: ${error.message}.`, {
      where: `stack ${stack}`,
      fix: 'Import what `stack export` printed for this stack: {"version": 3, "deployment": {...}}.',
    });
  }
}
