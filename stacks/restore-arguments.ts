/** What the test of restores is told by the settings, where the site's own backups are to be tried. Pure. */
import { RESTORE_TEST } from "../components/restore-test.ts";
import { hostOf } from "../components/stateful-program.ts";
import { imageReference } from "../config/images.ts";
import type { Settings } from "../config/schema.ts";
import { SERVICE } from "./places.ts";
import { backupFlow, hasPostgresCluster, LEDGER } from "./store-arguments.ts";
import { volumeOf } from "./volumes.ts";

/** Where the ledger's backups are this site's own. A cloud's are tried by the cloud (components/aws/backups.ts). */
export function isRestoreTested(settings: Settings): boolean {
  const { backups } = settings.postgres;
  return hasPostgresCluster(settings) && backups !== undefined && backups.restoreTestHours > 0;
}

/** null: nothing is tried. */
export function restoreTestArguments(settings: Settings) {
  const { backups, resources, storage } = settings.postgres;
  if (!isRestoreTested(settings) || backups === undefined) return null;
  const { destination, endpoint, region, secret, restoreTestHours } = backups;
  return {
    namespace: SERVICE,
    image: imageReference(settings, "restore-test"),
    databaseImage: imageReference(settings, "postgres-cluster"),
    archive: { from: `${destination.replace(/\/$/, "")}/${LEDGER}`, endpoint, region, secret },
    database: "gateway",
    everyHours: restoreTestHours,
    // What was restored is as large as what was backed up.
    volume: volumeOf(settings, storage),
    // It waits for months in sum; the share of a processor is asked for by nobody meanwhile.
    databaseResources: { cpu: "50m", memory: resources.memory },
  };
}

export function restoreTestFlow(settings: Settings) {
  return isRestoreTested(settings) ? backupFlow(settings).store : undefined;
}

export function restoreTestServers(settings: Settings) {
  if (!isRestoreTested(settings)) return [];
  return [{ program: RESTORE_TEST, namespace: SERVICE, hosts: [hostOf(RESTORE_TEST, SERVICE)] }];
}
