/** Reads the stack's settings once. The only reader of Pulumi's configuration. */
import * as pulumi from "@pulumi/pulumi";
import type { Fault } from "./fault.ts";
import { NAMESPACE, type Parsed, renderFaults } from "./parse.ts";
import type { Settings } from "./schema.ts";

/** Set by the embedded engine's command line where the cloud is simulated. */
const SIMULATED = "DEEPSEEK_SIMULATED_CLOUD";

/** Full keys and their texts. */
export function configuration(): Record<string, string> {
  // A stack that does not say what kind it is, is of the kind it is named after.
  return { [`${NAMESPACE}:environment`]: pulumi.getStack(), ...pulumi.runtime.allConfig() };
}

/**
 * Faults end the program before the first resource. A RunError is what Pulumi shows without a stack
 * trace, under its own engine and under ours.
 */
export function accepted(parsed: Parsed): Settings {
  if ("faults" in parsed) refuse(parsed.faults);
  return (parsed as { settings: Settings }).settings;
}

export function refuse(faults: readonly Fault[]): void {
  if (faults.length === 0) return;
  throw new pulumi.RunError(renderFaults(pulumi.getStack(), faults));
}

/** A plan may be made, and simulated, before everything is known; a deployment may not. */
export function refuseUp(faults: readonly Fault[]): void {
  if (faults.length === 0) return;
  if (!pulumi.runtime.isDryRun() && process.env[SIMULATED] !== "true") refuse(faults);
  const lines = faults.map(({ path, wrong }) => `  ${path}: ${wrong}`);
  const what = faults.length === 1 ? "one setting is" : `${faults.length} settings are`;
  pulumi.log.info(`${what} still to be given before an \`up\`:\n${lines.join("\n")}`);
}
