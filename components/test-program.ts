/** Components under Pulumi's mocks, for tests: what they register, by kind and name. */

import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/schema.ts";
import type { Loose } from "../stacks/test-objects.ts";
import { type Program, runProgram } from "../stacks/test-program.ts";
import type { CertificateHandle } from "./certificates.ts";

/** No setting is read: a component takes plain values. */
export function make(components: () => Record<string, unknown>): Promise<Program> {
  return runProgram(components, {} as Settings);
}

export function certificateOf(program: string): CertificateHandle {
  return {
    secret: pulumi.output(`tls-${program}`),
    checksum: pulumi.output("of its certificate"),
    authority: pulumi.output("of its authority"),
  };
}

export function objectsOf(program: Program, kind: string): Loose[] {
  const objects: Loose[] = program.resources.map(({ inputs }) => inputs);
  return objects.filter((object) => object.kind === kind);
}
