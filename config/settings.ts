/** Reads the stack's settings once. The only reader of Pulumi's configuration. */
import * as pulumi from "@pulumi/pulumi";
import { parseSettings, renderFaults } from "./parse.ts";
import type { Settings } from "./schema.ts";

/**
 * Faults end the program before the first resource. A RunError is what Pulumi shows without a stack
 * trace, under its own engine and under ours.
 */
export function readSettings(): Settings {
  const parsed = parseSettings(pulumi.runtime.allConfig());
  if ("faults" in parsed) {
    throw new pulumi.RunError(renderFaults(pulumi.getStack(), parsed.faults));
  }
  return parsed.settings;
}
