/** Every rule of the pack, in the order of its documentation's table: by name. */
import type { Rule } from "./judging/rule.ts";
import { adminMfa } from "./rules/admin-mfa.ts";
import { adminSeparation } from "./rules/admin-separation.ts";
import { alertsDelivered } from "./rules/alerts-delivered.ts";
import { allowedImages } from "./rules/allowed-images.ts";
import { auditRetention } from "./rules/audit-retention.ts";
import { auditSealed } from "./rules/audit-sealed.ts";
import { auditWorm } from "./rules/audit-worm.ts";
import { backups } from "./rules/backups.ts";
import { boundaryAudit } from "./rules/boundary-audit.ts";
import { boundedNamespaces } from "./rules/bounded-namespaces.ts";
import { closedSecurityGroups } from "./rules/closed-security-groups.ts";
import { cloudDataEncrypted } from "./rules/cloud-data-encrypted.ts";
import { completeFlows } from "./rules/complete-flows.ts";
import { dataResidency } from "./rules/data-residency.ts";
import { defaultAccountsOff } from "./rules/default-accounts-off.ts";
import { defaultDeny } from "./rules/default-deny.ts";
import { deletionProtection } from "./rules/deletion-protection.ts";
import { drainOutlastsStreams } from "./rules/drain-outlasts-streams.ts";
import { encryptedVolumes } from "./rules/encrypted-volumes.ts";
import { gpuPods } from "./rules/gpu-pods.ts";
import { hardenedNodes } from "./rules/hardened-nodes.ts";
import { keyRotation } from "./rules/key-rotation.ts";
import { leastIam } from "./rules/least-iam.ts";
import { leastIdentity } from "./rules/least-identity.ts";
import { leastRbac } from "./rules/least-rbac.ts";
import { logContent } from "./rules/log-content.ts";
import { logRetention } from "./rules/log-retention.ts";
import { namedFlows } from "./rules/named-flows.ts";
import { namespaceSecurity } from "./rules/namespace-security.ts";
import { noArchivedComponents } from "./rules/no-archived-components.ts";
import { noHostAccess } from "./rules/no-host-access.ts";
import { noPlainListeners } from "./rules/no-plain-listeners.ts";
import { noPlainSecrets } from "./rules/no-plain-secrets.ts";
import { noPublicEndpoints } from "./rules/no-public-endpoints.ts";
import { offlineInference } from "./rules/offline-inference.ts";
import { onlyThroughGateway } from "./rules/only-through-gateway.ts";
import { patientStore } from "./rules/patient-store.ts";
import { pinnedDigests } from "./rules/pinned-digests.ts";
import { profileNamed } from "./rules/profile-named.ts";
import { quotasEnforced } from "./rules/quotas-enforced.ts";
import { redundancy } from "./rules/redundancy.ts";
import { regionFence } from "./rules/region-fence.ts";
import { replicatedState } from "./rules/replicated-state.ts";
import { resourcesAndProbes } from "./rules/resources-and-probes.ts";
import { restoredBackups } from "./rules/restored-backups.ts";
import { restrictedPods } from "./rules/restricted-pods.ts";
import { scanAndPin } from "./rules/scan-and-pin.ts";
import { sealedWeights } from "./rules/sealed-weights.ts";
import { standbyIndependence } from "./rules/standby-independence.ts";
import { tls13Monitoring } from "./rules/tls13-monitoring.ts";
import { tls13Only } from "./rules/tls13-only.ts";
import { tls13Stores } from "./rules/tls13-stores.ts";

export const RULES: readonly Rule[] = [
  adminMfa,
  adminSeparation,
  alertsDelivered,
  allowedImages,
  auditRetention,
  auditSealed,
  auditWorm,
  backups,
  boundaryAudit,
  boundedNamespaces,
  closedSecurityGroups,
  cloudDataEncrypted,
  completeFlows,
  dataResidency,
  defaultAccountsOff,
  defaultDeny,
  deletionProtection,
  drainOutlastsStreams,
  encryptedVolumes,
  gpuPods,
  hardenedNodes,
  keyRotation,
  leastIam,
  leastIdentity,
  leastRbac,
  logContent,
  logRetention,
  namedFlows,
  namespaceSecurity,
  noArchivedComponents,
  noHostAccess,
  noPlainListeners,
  noPlainSecrets,
  noPublicEndpoints,
  offlineInference,
  onlyThroughGateway,
  patientStore,
  pinnedDigests,
  profileNamed,
  quotasEnforced,
  redundancy,
  regionFence,
  replicatedState,
  resourcesAndProbes,
  restoredBackups,
  restrictedPods,
  scanAndPin,
  sealedWeights,
  standbyIndependence,
  tls13Monitoring,
  tls13Only,
  tls13Stores,
];
