/** Secrets that the settings expect in the cluster, and who brings them. Pure. */
import type { NeededSecret } from "../components/external-secrets.ts";
import type { Fault } from "../config/fault.ts";
import type { Settings } from "../config/schema.ts";
import { PATIENT_NAMESPACE, SERVICE } from "./places.ts";

/** What CloudNativePG's object store reads of its Secret, and what the archiver of the audit trail and the copies of weights do. */
const BACKUP_KEYS = ["access-key-id", "secret-access-key"];
const STORE_KEYS = ["ACCESS_KEY_ID", "ACCESS_SECRET_KEY"];

/** A name that two of them share is one Secret with the keys of both. */
export function neededSecrets(settings: Settings): NeededSecret[] {
  const { weightsKey, weightsMirror, postgres, patientData, retention } = settings;
  const { archive } = retention;
  const key =
    weightsKey === undefined
      ? undefined
      : weightsKey.kind === "file"
        ? weightsKey.secret
        : weightsKey.token;
  const namespaces = patientData === undefined ? [SERVICE] : [SERVICE, PATIENT_NAMESPACE];
  const needed = [
    ...(key === undefined ? [] : [{ name: key.name, namespace: SERVICE, keys: [key.key] }]),
    ...(postgres.backups === undefined
      ? []
      : namespaces.map((namespace) => ({
          name: postgres.backups?.secret ?? "",
          namespace,
          keys: BACKUP_KEYS,
        }))),
    ...(weightsMirror === undefined
      ? []
      : [{ name: weightsMirror.secret, namespace: SERVICE, keys: STORE_KEYS }]),
    ...(archive?.kind !== "bucket"
      ? []
      : [{ name: archive.secret, namespace: SERVICE, keys: STORE_KEYS }]),
  ];
  const merged = new Map<string, NeededSecret>();
  for (const one of needed) {
    const place = `${one.namespace}/${one.name}`;
    const keys = [...(merged.get(place)?.keys ?? []), ...one.keys];
    merged.set(place, { ...one, keys: [...new Set(keys)] });
  }
  return [...merged.values()];
}

/** null: whoever administers the cluster puts them there. */
export function externalSecretsArguments(settings: Settings) {
  const { externalSecrets } = settings;
  if (externalSecrets === undefined) return null;
  const { store, refreshMinutes, from } = externalSecrets;
  const secrets = neededSecrets(settings).flatMap((one) => {
    const place = from[one.name];
    return place === undefined ? [] : [{ ...one, from: place }];
  });
  return { store, refreshMinutes, secrets };
}

/** What is brought must be read by somebody: a name that is mistyped would bring nothing, silently. */
export function externalSecretsFaults(settings: Settings): Fault[] {
  const { externalSecrets } = settings;
  if (externalSecrets === undefined) return [];
  const known = [...new Set(neededSecrets(settings).map(({ name }) => name))];
  return Object.keys(externalSecrets.from)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: `deepseek:externalSecrets.from.${name}`,
      wrong: "is a Secret that no program of the site reads",
      right: known.length === 0 ? "nothing here" : `one of ${known.join(", ")}`,
    }));
}
