/** What a program is run with: which stack, its settings, its surroundings. */
import type { ConfigValue } from "../values.ts";

export interface ProgramOptions {
  /** Absolute path of the folder that holds Pulumi.yaml. */
  readonly projectDir: string;
  readonly project: string;
  readonly stack: string;
  /** Full keys: `deepseek:models`, `kubernetes:context`; objects are JSON text, as in Pulumi. */
  readonly config: Readonly<Record<string, ConfigValue>>;
  /** Added to the environment of the program and of the Pulumi providers (KUBECONFIG ...). */
  readonly environment: Readonly<Record<string, string>>;
}
