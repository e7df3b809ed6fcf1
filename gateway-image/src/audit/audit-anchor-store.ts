/**
 * The contract of a store elsewhere that remembers how far each writer's chain had come. It is
 * what finds a tail that was cut off, or a whole folder that was put back from an older copy.
 */
export interface AuditAnchor {
  readonly site: string;
  readonly writer: string;
  readonly seq: number;
  /** SHA-256 of the line with that number. */
  readonly head: string;
  readonly time: Date;
}

export interface AuditAnchorStore {
  prepare(): Promise<void>;
  /** Never goes back: an anchor with a lower number is ignored. */
  put(anchor: AuditAnchor): Promise<void>;
  /** The latest of each writer. */
  latest(site: string): Promise<AuditAnchor[]>;
}

/**
 * Of one writer alone. The store is a site's, with the anchors of all its gateways; a volume holds one
 * gateway's chain, and the others' would be missed there.
 */
export async function anchorsOf(
  store: AuditAnchorStore,
  site: string,
  writer: string,
): Promise<AuditAnchor[]> {
  const all = await store.latest(site);
  return all.filter((anchor) => anchor.writer === writer);
}
