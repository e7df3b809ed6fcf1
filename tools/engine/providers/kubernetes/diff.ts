/**
 * What a change of inputs means. Unchanged inputs cost no request. For changed ones the API server
 * is asked by a dry run, and a refusal that says "immutable" makes it a replacement; where no
 * cluster can be asked, the table decides. As the real Pulumi provider does, changed contents of a
 * ConfigMap or Secret replace it unless its configuration calls them mutable.
 */
import type { Diff, DiffRequest, PropertyChange } from "../../provider.ts";
import {
  containsUnknown,
  isObject,
  type PropertyMap,
  type PropertyValue,
  revealMap,
} from "../../values.ts";
import { ApiError } from "./api-error.ts";
import { liveOf, toApiObject } from "./checkpoint.ts";
import { groupOf } from "./discovery.ts";
import { explain } from "./explain.ts";
import {
  field,
  gvkOf,
  type KubeObject,
  nameOf,
  namespaceOf,
  type PathStep,
  parseId,
  sameJson,
} from "./kube-object.ts";
import { fieldManagerOf, isAutonamed, isNamed } from "./naming.ts";
import { applyObject, getObject } from "./objects.ts";
import { formatPath, isWithin, parsePath } from "./property-path.ts";
import { IDENTITY, isImmutable } from "./replace-table.ts";
import type { Session } from "./session.ts";

const REPLACE_UNREADY = "pulumi.com/replaceUnready";

interface Change {
  readonly path: PathStep[];
  readonly kind: PropertyChange["kind"];
}

interface Effect {
  readonly replaced: (change: Change) => boolean;
  readonly basis: "cluster" | "table";
}

export async function diffObject(session: Session, request: DiffRequest): Promise<Diff> {
  session.owners.add(request.urn, request.id);
  session.ignored.set(request.urn, request.ignoreChanges);
  const olds = revealMap(request.oldInputs);
  const news = revealMap(request.inputs);
  const ignored = request.ignoreChanges.map(parsePath);
  const changes = changesBetween(olds, news).filter(
    ({ path }) => !ignored.some((outer) => isWithin(path, outer)),
  );
  const unready = await isUnreadyJob(session, request, news);
  if (changes.length === 0 && !unready)
    return { changes: {}, replaces: [], deleteBeforeReplace: false };
  const effect = changes.length === 0 ? undefined : await effectOf(session, request, news, changes);
  const entries = changes.map((change): [string, PropertyChange] => [
    formatPath(change.path),
    { kind: change.kind, replace: effect?.replaced(change) ?? false },
  ]);
  if (unready) {
    const path = formatPath(["metadata", "annotations", REPLACE_UNREADY]);
    entries.push([path, { kind: "update", replace: true }]);
  }
  const replaces = entries.filter(([, change]) => change.replace).map(([path]) => path);
  return {
    changes: Object.fromEntries(entries),
    replaces,
    deleteBeforeReplace: replaces.length > 0 && keepsItsName(request, news),
    ...(effect === undefined ? {} : { basis: effect.basis }),
  };
}

/** A replacement with the same name can only be made once the old object is gone. */
function keepsItsName(request: DiffRequest, news: PropertyMap): boolean {
  const { name, namespace } = parseId(request.id);
  return (
    isNamed(news) && !isAutonamed(news) && nameOf(news) === name && namespaceOf(news) === namespace
  );
}

function changesBetween(olds: PropertyMap, news: PropertyMap): Change[] {
  const changes: Change[] = [];
  const compare = (
    before: PropertyValue | undefined,
    after: PropertyValue | undefined,
    path: PathStep[],
  ): void => {
    if (before === after) return;
    if (isObject(before) && isObject(after)) {
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
        compare(before[key], after[key], [...path, key]);
      }
    } else if (Array.isArray(before) && Array.isArray(after)) {
      const length = Math.max(before.length, after.length);
      for (let index = 0; index < length; index += 1)
        compare(before[index], after[index], [...path, index]);
    } else if (!sameJson(before, after)) {
      const kind = before === undefined ? "add" : after === undefined ? "delete" : "update";
      changes.push({ path, kind });
    }
  };
  compare(olds, news, []);
  return changes;
}

async function effectOf(
  session: Session,
  request: DiffRequest,
  news: PropertyMap,
  changes: readonly Change[],
): Promise<Effect> {
  const identity = IDENTITY.map(parsePath);
  const olds = revealMap(request.oldInputs);
  const otherGroup = groupOf(gvkOf(olds).apiVersion) !== groupOf(gvkOf(news).apiVersion);
  const isIdentity = ({ path }: Change) =>
    identity.some((outer) => isWithin(path, outer)) || (otherGroup && path[0] === "apiVersion");
  const always = (change: Change) =>
    isIdentity(change) || isReplacedContent(session, news, change.path);
  const byTable: Effect = {
    replaced: (change) => always(change) || isImmutable(news, change.path),
    basis: "table",
  };
  if (changes.some(always)) return { ...byTable, replaced: always };
  if (session.renderOnly || session.config.unknownCluster || containsUnknown(news)) return byTable;
  const causes = await rehearse(session, request, news);
  if (causes === undefined) return byTable;
  const replaced = concerned(causes, changes, news);
  return { replaced: (change) => replaced.has(change), basis: "cluster" };
}

const CONTENT = new Set(["data", "stringData", "binaryData"]);

/** The real Pulumi provider's default: new contents are a new object, so that pods roll. */
function isReplacedContent(
  session: Session,
  news: PropertyMap,
  path: readonly PathStep[],
): boolean {
  if (!CONTENT.has(String(path[0])) || news.apiVersion !== "v1") return false;
  const isFixed = news.immutable === true;
  if (news.kind === "Secret") return isFixed || !session.config.secretMutable;
  if (news.kind === "ConfigMap") return isFixed || !session.config.configMapMutable;
  return false;
}

/**
 * A dry run of the change: the refused fields if the API server calls them immutable, an empty list
 * if it takes the change, undefined if it cannot tell (the kind is not served, say).
 */
async function rehearse(
  session: Session,
  request: DiffRequest,
  news: PropertyMap,
): Promise<PathStep[][] | undefined> {
  const object = toApiObject(news);
  try {
    const kind = await session.kindOf(gvkOf(object));
    if (kind === undefined) return undefined;
    await applyObject(session.client(), kind, object, {
      fieldManager: fieldManagerOf(request.urn, news, request.oldOutputs),
      // Conflicts are the update's to tell; here only the effect of the change is asked.
      force: true,
      dryRun: true,
    });
    return [];
  } catch (error) {
    const causes = immutableFields(error);
    if (causes !== undefined) return causes;
    // Anything else wrong with the object is told when it is created or updated, in preview too.
    if (error instanceof ApiError) return undefined;
    throw explain(error, {
      inputs: news,
      urn: request.urn,
      redactor: session.redactor,
      preview: request.preview,
    });
  }
}

/** How Kubernetes' validation words it: apimachinery's FieldImmutableErrorMsg and each kind's own. */
const IMMUTABLE_WORDS =
  /immutable|may not change|may not be changed|cannot be changed|can't be changed|cannot change|updates to .* (?:are|is) forbidden|may not change fields other than|may not be updated|is forbidden once set/i;

export function immutableFields(error: unknown): PathStep[][] | undefined {
  if (!(error instanceof ApiError) || (error.code !== 422 && error.code !== 403)) return undefined;
  const causes = error.causes.filter((cause) => IMMUTABLE_WORDS.test(cause.message));
  if (causes.length > 0) return causes.map((cause) => parsePath(cause.field));
  return error.code === 422 && error.causes.length === 0 && IMMUTABLE_WORDS.test(error.message)
    ? [[]]
    : undefined;
}

/**
 * The changes a refusal is about. A refusal of the whole `spec` ("updates to statefulset spec for
 * fields other than ... are forbidden") concerns the changes below it that the table knows, or all
 * of them where it knows none.
 */
function concerned(
  causes: readonly PathStep[][],
  changes: readonly Change[],
  news: KubeObject,
): Set<Change> {
  const found = new Set<Change>();
  for (const cause of causes) {
    const named = knownSpelling(cause);
    const touched = changes.filter(({ path }) => isWithin(path, named) || isWithin(named, path));
    const narrow = touched.filter(({ path }) => isImmutable(news, path));
    const chosen = named.length <= 1 && narrow.length > 0 ? narrow : touched;
    for (const change of chosen.length > 0 ? chosen : changes) found.add(change);
  }
  return found;
}

/** Validation names some fields otherwise than manifests do. */
function knownSpelling(cause: readonly PathStep[]): readonly PathStep[] {
  if (cause[1] === "clusterIPs") return ["spec", "clusterIP"];
  return cause[1] === "persistentvolumesource" ? ["spec"] : cause;
}

/** pulumi.com/replaceUnready: a Job that has not completed is run again as a new one. */
async function isUnreadyJob(
  session: Session,
  request: DiffRequest,
  news: PropertyMap,
): Promise<boolean> {
  if (news.kind !== "Job" || field(news, "metadata", "annotations", REPLACE_UNREADY) !== "true")
    return false;
  if (session.renderOnly || session.config.unknownCluster) return false;
  const kind = await session.kindOf(gvkOf(news));
  if (kind === undefined) return false;
  const { name, namespace } = parseId(request.id);
  const live = await getObject(session.client(), kind, namespace, name);
  const conditions = field(live ?? liveOf(request.oldOutputs), "status", "conditions");
  return !(
    Array.isArray(conditions) &&
    conditions.some((item) => isObject(item) && item.type === "Complete" && item.status === "True")
  );
}
