/**
 * Given certificates that could never work are refused here, not by the first handshake: unreadable,
 * not the key's, not the authority's, or not for the host names that callers use. Pure.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Fault } from "./fault.ts";
import type { Settings } from "./schema.ts";

type Certificates = NonNullable<Settings["certificates"]>;

export function certificateFaults(
  { ca, names }: Certificates,
  hosts: readonly string[] | undefined,
): Fault[] {
  const authority = read(() => new X509Certificate(ca));
  if (authority === undefined) {
    return [fault("ca", "cannot be read", "a certificate in PEM form")];
  }
  return Object.entries(names).flatMap(([name, pair]) => {
    if (pair === undefined) return [];
    const certificate = read(() => new X509Certificate(pair.certificate));
    const key = read(() => createPrivateKey(pair.key));
    if (certificate === undefined) {
      return [fault(`names.${name}.certificate`, "cannot be read", "a certificate in PEM form")];
    }
    if (key === undefined) {
      return [
        fault(`names.${name}.key`, "cannot be read", "an unencrypted private key in PEM form"),
      ];
    }
    return [
      ...mismatches(name, certificate, key, authority, pair.certificate),
      ...(name === "edge" ? unnamed(certificate, hosts ?? []) : []),
    ];
  });
}

/** Of an authority, as `openssl x509 -fingerprint -sha256` prints it, without its colons. */
export function authorityDigest(pem: string): string | undefined {
  const certificate = read(() => new X509Certificate(pem));
  if (certificate === undefined) return undefined;
  return `sha256:${certificate.fingerprint256.replaceAll(":", "").toLowerCase()}`;
}

/** One or more certificates, nothing else. */
export function areCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN [^-]+-----[^-]*-----END [^-]+-----/g) ?? [];
  return blocks.length > 0 && blocks.every((one) => read(() => new X509Certificate(one)));
}

function mismatches(
  name: string,
  certificate: X509Certificate,
  key: KeyObject,
  authority: X509Certificate,
  chain: string,
): Fault[] {
  const path = `names.${name}`;
  const own = certificate.checkPrivateKey(key)
    ? []
    : [
        fault(
          `${path}.key`,
          "is not the certificate's key",
          "the key the certificate was made for",
        ),
      ];
  // A chain with intermediate authorities is verified by those who use it.
  const single = chain.match(/-----BEGIN CERTIFICATE-----/g)?.length === 1;
  const issued = !single || certificate.verify(authority.publicKey);
  return issued
    ? own
    : [
        ...own,
        fault(`${path}.certificate`, "was not issued by ca", "one issued by ca, or a chain"),
      ];
}

function unnamed(certificate: X509Certificate, hosts: readonly string[]): Fault[] {
  return hosts
    .filter((host) => !(isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)))
    .map((host) =>
      fault(
        "names.edge.certificate",
        `does not carry ${host}, which edge.hosts names`,
        "one that carries every name of edge.hosts",
      ),
    );
}

function fault(path: string, wrong: string, right: string): Fault {
  return { path: `deepseek:certificates.${path}`, wrong, right };
}

function read<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
