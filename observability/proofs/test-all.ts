/** The proofs of all alerts; of Watchdog there is none, since it always fires. */

import { COLLECTING_PROOFS } from "./test-collecting.ts";
import { KEPT_PROOFS } from "./test-kept.ts";
import type { Proof } from "./test-proof.ts";
import { SERVICE_PROOFS } from "./test-service.ts";
import { SERVING_PROOFS } from "./test-serving.ts";
import { STORE_PROOFS } from "./test-stores.ts";

export const PROOFS: readonly Proof[] = [
  ...SERVICE_PROOFS,
  ...SERVING_PROOFS,
  ...STORE_PROOFS,
  ...KEPT_PROOFS,
  ...COLLECTING_PROOFS,
];
