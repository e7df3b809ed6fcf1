/**
 * Keys of a site of one's own, in the transit engine of an OpenBao that is there already. What its
 * administrators apply is kept as documents in a ConfigMap; programs are told where the keys are.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { after, Component, labelsOf } from "./component.ts";
import {
  grantName,
  type KeyGrant,
  keyName,
  type OpenBaoSettings,
  openBaoDocuments,
  type TransitPurpose,
} from "./openbao-documents.ts";

export interface OpenBaoKeysArgs extends OpenBaoSettings {
  readonly namespace: string;
}

/** How a program reaches its key. */
export interface TransitKey {
  readonly address: string;
  readonly mount: string;
  readonly key: string;
  /** Where it logs in with a token of its account, as which role, and for whom the token is. */
  readonly authMount: string;
  readonly role: string;
  readonly audience: string;
}

const DOCUMENTS = "openbao-documents";
/** Documents for people who are not this stack's. */
export const FOR_LABEL = { "deepseek.local/for": "administrators" } as const;

export class OpenBaoKeys extends Component {
  /** The ConfigMap with the documents. */
  readonly documents: pulumi.Output<string>;
  readonly #settings: OpenBaoSettings;

  constructor(name: string, args: OpenBaoKeysArgs, options?: pulumi.ComponentResourceOptions) {
    super("security:OpenBaoKeys", name, options);
    this.#settings = args;
    const labels = labelsOf("openbao", FOR_LABEL);
    const documents = new k8s.core.v1.ConfigMap(
      `${name}-documents`,
      {
        metadata: { name: DOCUMENTS, namespace: args.namespace, labels },
        data: openBaoDocuments(args),
      },
      { parent: this },
    );
    this.documents = after(documents, DOCUMENTS);
    this.registerOutputs({ documents: this.documents });
  }

  /** Throws where nobody granted it: a program would only find out when it starts. */
  keyFor(purpose: TransitPurpose, account: KeyGrant["account"]): TransitKey {
    const { address, mount, authMount, audience, grants } = this.#settings;
    const grant = grants.find(
      (one) =>
        one.purpose === purpose &&
        one.account.name === account.name &&
        one.account.namespace === account.namespace,
    );
    if (grant === undefined) {
      throw new Error(
        `${account.namespace}/${account.name} has no grant for the key of ${purpose}`,
      );
    }
    const role = grantName(grant);
    return { address, mount, key: keyName(purpose), authMount, role, audience };
  }
}
