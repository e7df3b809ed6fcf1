/** The package `pulumi` itself: StackReference, which is read, never created. */
import { UserError } from "../../base/user-error.ts";
import type { Provider, ReadRequest, ReadResult } from "../provider.ts";
import { containsSecret, type PropertyMap } from "../values.ts";

const STACK_REFERENCE = "pulumi:pulumi:StackReference";

export type StackOutputs = (name: string) => Promise<PropertyMap | undefined>;

export function createBuiltinProvider(stackOutputs: StackOutputs): Provider {
  const refuse = async (): Promise<never> => {
    throw new UserError("the package `pulumi` has no such resource in the embedded engine", {
      fix: "Use the Pulumi CLI (--engine pulumi) for this program.",
    });
  };
  return {
    checkConfig: async (inputs) => ({ inputs, failures: [] }),
    diffConfig: async () => ({ changes: {}, replaces: [], deleteBeforeReplace: false }),
    configure: async () => {},
    check: refuse,
    diff: refuse,
    create: refuse,
    update: refuse,
    delete: async () => {},
    read: (request) => readStackReference(request, stackOutputs),
    invoke: refuse,
    close: async () => {},
  };
}

async function readStackReference(
  request: ReadRequest,
  stackOutputs: StackOutputs,
): Promise<ReadResult> {
  if (request.type !== STACK_REFERENCE) {
    throw new UserError(`the embedded engine cannot read a ${request.type}`, {
      where: request.urn,
      fix: "Use the Pulumi CLI (--engine pulumi) for this program.",
    });
  }
  const outputs = await stackOutputs(request.id);
  if (outputs === undefined) {
    throw new UserError(`there is no stack ${request.id}`, {
      where: `StackReference "${request.name}"`,
      fix: "Write organization/<project>/<stack> and deploy that stack first.",
    });
  }
  const secretOutputNames = Object.keys(outputs)
    .filter((key) => containsSecret(outputs[key]))
    .sort();
  return {
    id: request.id,
    inputs: { name: request.id },
    outputs: { name: request.id, outputs, secretOutputNames },
  };
}
