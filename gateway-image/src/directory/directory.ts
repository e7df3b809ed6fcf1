/**
 * Who may do what, in memory: what the mounted files say, and over it what administrators keep in
 * the store. Files win, and cannot be changed here. A gateway follows the store's changes; while
 * the store is away the last of what was read stays in force.
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../limits.ts";
import type { AnyEntity } from "./baseline.ts";
import type { DirectoryStore, EntityChange, StoredEntity } from "./directory-store.ts";
import {
  type AccessKey,
  type ApiKey,
  ENTITY_SCHEMAS,
  type Entity,
  type EntityKind,
  type Principal,
} from "./entities.ts";
import { referenceFaults } from "./references.ts";

export interface Found<K extends EntityKind> {
  readonly entity: Entity<K>;
  readonly source: "file" | "store";
  /** 0 for what a file says. */
  readonly revision: number;
}

/** The change names what a file of the configuration already says. */
export class ManagedByConfiguration extends Error {}
/** The change would leave references that lead nowhere, or give one principal two kinds of power. */
export class ReferenceFault extends Error {}

export interface DirectoryOptions {
  /** null: files only. */
  readonly store: DirectoryStore | null;
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

/** A store that was not read for so many turns is away. */
const AWAY_MS = 5 * limits.directoryPollMs;

type Entities = Map<EntityKind, Map<string, Found<EntityKind>>>;

export class Directory {
  readonly #options: DirectoryOptions;
  #files: readonly AnyEntity[] = [];
  readonly #stored: Entities = new Map();
  #merged: Entities = new Map();
  #revision = 0;
  #readMs: number | null = null;
  #reading: Promise<void> | null = null;
  #look: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #derived = new WeakMap<object, object>();
  #byHash = new Map<string, ApiKey>();
  #byAccessKey = new Map<string, AccessKey>();
  #byCertificate = new Map<string, Principal>();
  #bySubject = new Map<string, Principal>();
  readonly #listeners: (() => void)[] = [];

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  /** Throws a ReferenceFault where the files contradict themselves; the former stay in force. */
  setFiles(entities: readonly AnyEntity[]): void {
    const faults = referenceFaults(<K extends EntityKind>(kind: K) =>
      entities.filter((one) => one.kind === kind).map((one) => one.entity as Entity<K>),
    );
    if (faults.length > 0) throw new ReferenceFault(faults.join("; "));
    this.#files = entities;
    this.#merge();
  }

  /** Reads the store once, then follows it. */
  async start(): Promise<void> {
    const { store } = this.#options;
    if (store === null) return;
    await store.prepare();
    await this.#read();
    if (this.#timer !== null) return;
    const read = () => void this.#read().catch(this.#options.onFault);
    store.onChange(read);
    this.#timer = setInterval(read, limits.directoryPollMs);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#options.store?.close();
  }

  /** How old what is in force may be; null: there is no store. */
  ageMs(): number | null {
    if (this.#options.store === null || this.#readMs === null) return null;
    return this.#options.clock.monotonicMs() - this.#readMs;
  }

  /** What was changed by way of another gateway before now is in force here afterwards. */
  refresh(): Promise<void> {
    return this.#read();
  }

  /**
   * The same for the sake of somebody unknown, who may have been made known elsewhere a moment ago:
   * at most four times a second, and not while the store is away. Never rejects.
   */
  async lookAgain(): Promise<void> {
    const ageMs = this.ageMs();
    if (ageMs === null || ageMs > AWAY_MS) return;
    this.#look ??= this.#lookIn(Math.max(0, limits.directoryLookMs - ageMs));
    await this.#look;
  }

  async #lookIn(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    // Who comes from now on may have become known after this look.
    this.#look = null;
    await this.#read().catch(this.#options.onFault);
  }

  get<K extends EntityKind>(kind: K, id: string): Found<K> | undefined {
    return this.#merged.get(kind)?.get(id) as Found<K> | undefined;
  }

  list<K extends EntityKind>(kind: K): Found<K>[] {
    return [...(this.#merged.get(kind)?.values() ?? [])] as Found<K>[];
  }

  apiKeyByHash(sha256: string): ApiKey | undefined {
    return this.#byHash.get(sha256);
  }

  accessKey(accessKey: string): AccessKey | undefined {
    return this.#byAccessKey.get(accessKey);
  }

  /** A fingerprint, or a name of the certificate's SAN. */
  principalByCertificate(identity: string): Principal | undefined {
    return this.#byCertificate.get(identity);
  }

  /** `<issuer>#<sub>`. */
  principalBySubject(subject: string): Principal | undefined {
    return this.#bySubject.get(subject);
  }

  /**
   * What follows from the directory about one of its entities, found out once until anything
   * changes: calls are many, callers are few.
   */
  derived<T extends object>(entity: object, make: () => T): T {
    const known = this.#derived.get(entity) as T | undefined;
    if (known !== undefined) return known;
    const made = make();
    this.#derived.set(entity, made);
    return made;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * All of the changes or none. Throws ManagedByConfiguration, ReferenceFault, RevisionConflict,
   * or a ZodError where a body is malformed.
   */
  async apply(changes: readonly EntityChange[]): Promise<StoredEntity[]> {
    const { store } = this.#options;
    if (store === null) throw new ManagedByConfiguration("this gateway keeps no directory");
    const parsed = changes.map((change) => this.#check(change));
    this.#checkReferences(parsed);
    const stored = await store.apply(parsed);
    await this.#read();
    return stored;
  }

  #check(change: EntityChange): EntityChange {
    if (this.get(change.kind, change.id)?.source === "file") {
      throw new ManagedByConfiguration(`${change.kind} ${change.id} is set by configuration`);
    }
    if (change.body === null) return change;
    const body = ENTITY_SCHEMAS[change.kind].parse({ ...change.body, id: change.id });
    return { ...change, body };
  }

  /** Judged over everything as it would be after the changes. */
  #checkReferences(changes: readonly EntityChange[]): void {
    const faults = referenceFaults((kind) => {
      const after = new Map(this.list(kind).map(({ entity }) => [entity.id, entity]));
      for (const change of changes) {
        if (change.kind !== kind) continue;
        if (change.body === null) after.delete(change.id);
        else after.set(change.id, change.body as unknown as Entity<typeof kind>);
      }
      return [...after.values()];
    });
    if (faults.length > 0) throw new ReferenceFault(faults.join("; "));
  }

  /** One reading at a time; a call that comes while one runs waits for another one after it. */
  async #read(): Promise<void> {
    while (this.#reading !== null) await this.#reading.catch(() => {});
    this.#reading = this.#readOnce();
    try {
      await this.#reading;
    } finally {
      this.#reading = null;
    }
  }

  async #readOnce(): Promise<void> {
    const changes = (await this.#options.store?.changesAfter(this.#revision)) ?? [];
    this.#readMs = this.#options.clock.monotonicMs();
    if (changes.length === 0) return;
    for (const change of changes) {
      this.#revision = Math.max(this.#revision, change.revision);
      this.#take(change);
    }
    this.#merge();
  }

  /** What an older or newer gateway wrote may not fit our schema: it is left out and told. */
  #take({ kind, id, body, revision }: StoredEntity): void {
    const schema = ENTITY_SCHEMAS[kind];
    if (schema === undefined) return;
    const entities = this.#stored.get(kind) ?? new Map<string, Found<EntityKind>>();
    this.#stored.set(kind, entities);
    entities.delete(id);
    if (body === null) return;
    const result = schema.safeParse(body);
    if (result.success) entities.set(id, { entity: result.data, source: "store", revision });
    else this.#options.onFault(new Error(`${kind} ${id} of the store is malformed`));
  }

  #merge(): void {
    const merged: Entities = new Map();
    for (const [kind, entities] of this.#stored) merged.set(kind, new Map(entities));
    for (const { kind, entity } of this.#files) {
      const entities = merged.get(kind) ?? new Map<string, Found<EntityKind>>();
      merged.set(kind, entities);
      entities.set(entity.id, { entity, source: "file", revision: 0 });
    }
    this.#merged = merged;
    this.#derived = new WeakMap();
    this.#index();
    for (const listener of this.#listeners) listener();
  }

  #index(): void {
    const apiKeys = this.list("apiKey").map(({ entity }) => entity);
    const accessKeys = this.list("accessKey").map(({ entity }) => entity);
    const principals = this.list("principal").map(({ entity }) => entity);
    this.#byHash = new Map(apiKeys.map((key) => [key.sha256, key]));
    this.#byAccessKey = new Map(accessKeys.map((key) => [key.accessKey, key]));
    this.#byCertificate = new Map(
      principals.flatMap((one) => one.certificates.map((identity) => [identity, one] as const)),
    );
    this.#bySubject = new Map(
      principals.flatMap((one) => one.oidcSubjects.map((subject) => [subject, one] as const)),
    );
  }
}
