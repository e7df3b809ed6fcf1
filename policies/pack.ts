/**
 * The policy pack: every rule, mandatory unless a stack's policy configuration says otherwise. It
 * runs unchanged under the Pulumi CLI (`--policy-pack policies`) and under the embedded engine.
 */
import { PolicyPack } from "@pulumi/policy";
import { allowedImages } from "./rules/allowed-images.ts";
import { defaultDeny } from "./rules/default-deny.ts";
import { drainOutlastsStreams } from "./rules/drain-outlasts-streams.ts";
import { noHostAccess } from "./rules/no-host-access.ts";
import { noPlainSecrets } from "./rules/no-plain-secrets.ts";
import { resourcesAndProbes } from "./rules/resources-and-probes.ts";
import { restrictedPods } from "./rules/restricted-pods.ts";
import { tls13Only } from "./rules/tls13-only.ts";

new PolicyPack("deepseek", {
  enforcementLevel: "mandatory",
  policies: [
    restrictedPods,
    noHostAccess,
    resourcesAndProbes,
    allowedImages,
    noPlainSecrets,
    tls13Only,
    drainOutlastsStreams,
    defaultDeny,
  ],
});
