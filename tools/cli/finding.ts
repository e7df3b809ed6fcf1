/** One thing that was looked at, what was found, and how to mend it. */
export interface Finding {
  readonly what: string;
  readonly found: string;
  readonly state: "ok" | "missing" | "optional";
  readonly fix?: string;
  /** Which use needs it. */
  readonly neededBy: string;
}
