/** The contract of a place that keeps segments: it takes each once, and gives nothing back. */
import { UserError } from "../base/user-error.ts";

export interface Shipment {
  /** Its place below the target. */
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  /** Of the whole file, hexadecimal. */
  readonly sha256: string;
}

/** `there`: an earlier attempt had brought it. */
export type Taken = "taken" | "there";

export interface ArchiveTarget {
  /** For messages. */
  readonly where: string;
  /** Throws an ArchiveFault. */
  put(shipment: Shipment, signal: AbortSignal): Promise<Taken>;
}

/**
 * `passing`: worth another attempt; `target`: it will take no other segment either before somebody
 * mends it; `segment`: this one alone is refused.
 */
export type FaultKind = "passing" | "target" | "segment";

export class ArchiveFault extends UserError {
  readonly kind: FaultKind;

  constructor(kind: FaultKind, what: string, where: string, fix: string) {
    super(what, { where, fix, exitCode: 1 });
    this.kind = kind;
  }
}
