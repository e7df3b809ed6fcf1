/** What is wrong with a setting. All of them are told together. */
export interface Fault {
  /** As a person writes it: `deepseek:edge.ports.https`. */
  readonly path: string;
  readonly wrong: string;
  readonly right: string;
}

/** Of a setting by its path below the namespace. */
export function at(path: string, wrong: string, right: string): Fault {
  return { path: `deepseek:${path}`, wrong, right };
}
