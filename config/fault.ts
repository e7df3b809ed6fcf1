/** What is wrong with a setting. All of them are told together. */
export interface Fault {
  /** As a person writes it: `deepseek:edge.ports.https`. */
  readonly path: string;
  readonly wrong: string;
  readonly right: string;
}
