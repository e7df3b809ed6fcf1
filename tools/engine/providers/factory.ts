/** How the CLI hands its Pulumi providers to the engine. */

import type { Provider } from "../provider.ts";
import type { ConfigValue } from "../values.ts";

export interface ProviderContext {
  readonly simulateCloud: boolean;
  /** The whole environment the Pulumi provider may read (KUBECONFIG ...). */
  readonly environment: Readonly<Record<string, string>>;
  /** The stack's configuration, full keys. */
  readonly config: Readonly<Record<string, ConfigValue>>;
}

/** Package name (`kubernetes`) → a new, not yet configured Pulumi provider. */
export type ProviderFactories = Readonly<Record<string, (context: ProviderContext) => Provider>>;
