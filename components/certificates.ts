/**
 * One TLS Secret per program, in one form whatever its source: tls.crt, tls.key and ca.crt. Given
 * certificates are written as they are; otherwise cert-manager is asked for the same Secrets.
 */
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { after, Component } from "./component.ts";
import { checksumOf, secretData } from "./secret-data.ts";

export interface ServerName {
  readonly program: string;
  readonly namespace: string;
  readonly hosts: readonly string[];
  /** It is shown to servers, under this name, and serves nobody. */
  readonly client?: string;
}

export type CertificateSource =
  | {
      readonly mode: "given";
      readonly ca: string;
      readonly names: Readonly<Record<string, { certificate: string; key: string } | undefined>>;
    }
  | { readonly mode: "certManager"; readonly issuer: { kind: string; name: string } };

export interface CertificatesArgs {
  readonly servers: readonly ServerName[];
  readonly source: CertificateSource;
}

/** How a program gets its certificate: mount the Secret, restart on the checksum where it must. */
export interface CertificateHandle {
  readonly secret: pulumi.Output<string>;
  readonly checksum: pulumi.Output<string>;
  /** Changes with what verifies it, and not with the certificate: for who takes a renewed one by itself. */
  readonly authority: pulumi.Output<string>;
}

export const TLS_FOLDER = "/etc/tls";

export class Certificates extends Component {
  readonly #handles = new Map<string, CertificateHandle>();

  constructor(name: string, args: CertificatesArgs, options?: pulumi.ComponentResourceOptions) {
    super("network:Certificates", name, options);
    for (const server of args.servers) {
      this.#handles.set(server.program, create(this, server, args.source));
    }
    this.registerOutputs({});
  }

  of(program: string): CertificateHandle {
    const handle = this.#handles.get(program);
    if (handle === undefined) throw new Error(`no certificate is declared for ${program}`);
    return handle;
  }
}

function create(
  parent: Certificates,
  server: ServerName,
  source: CertificateSource,
): CertificateHandle {
  const name = `tls-${server.program}`;
  const metadata = { name, namespace: server.namespace };
  if (source.mode === "certManager") {
    const spec = certificateSpec(server, source.issuer);
    const certificate = new k8s.apiextensions.CustomResource(
      name,
      { apiVersion: "cert-manager.io/v1", kind: "Certificate", metadata, spec },
      { parent },
    );
    // cert-manager renews in place; a restart then is the operator's, by its own annotation.
    return {
      secret: after(certificate, name),
      checksum: checksumOf(JSON.stringify(spec)),
      authority: checksumOf(JSON.stringify(source.issuer)),
    };
  }
  const given = source.names[server.program];
  if (given === undefined) throw new Error(`no certificate is given for ${server.program}`);
  const data = secretData({
    "tls.crt": given.certificate,
    "tls.key": given.key,
    "ca.crt": source.ca,
  });
  const secret = new k8s.core.v1.Secret(
    name,
    { metadata, type: "kubernetes.io/tls", data },
    { parent },
  );
  return {
    secret: after(secret, name),
    checksum: checksumOf(given.certificate, source.ca),
    authority: checksumOf(source.ca),
  };
}

function certificateSpec(server: ServerName, issuer: { kind: string; name: string }): object {
  const { client } = server;
  return {
    secretName: `tls-${server.program}`,
    dnsNames: server.hosts,
    ...(client === undefined ? {} : { commonName: client }),
    usages: [client === undefined ? "server auth" : "client auth", "digital signature"],
    privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
    issuerRef: { ...issuer, group: "cert-manager.io" },
  };
}
