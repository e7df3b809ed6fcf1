/** What a component refuses of its arguments. Whoever has settings tells it by their path instead. */
export interface ArgumentFault<Name extends string = string> {
  readonly argument: Name;
  /** After the argument's name: `is 10.0.0.0/8, larger than a VPC may be`. */
  readonly wrong: string;
  readonly right: string;
}

export function toldFaults(faults: readonly ArgumentFault[]): string {
  return faults
    .map(({ argument, wrong, right }) => `${argument} ${wrong}: give ${right}`)
    .join("; ");
}
