/**
 * Certificate authorities and the certificates they issue: ECDSA P-256, PEM in and out. Used for the
 * one-node cluster's own components and for the TLS certificates of a local stack; nothing here
 * touches a file, so that the caller decides where a private key may live.
 */
import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

export interface KeyPairPem {
  /** PEM of the certificate. */
  readonly certificate: string;
  /** PEM (PKCS #8) of the private key: a secret. */
  readonly key: string;
}

/** An authority is its key pair; it can be kept as two PEM texts and used again later. */
export type Authority = KeyPairPem;

export interface CertificateRequest {
  readonly commonName: string;
  /** Kubernetes reads a client's groups from here; one organisation or several. */
  readonly organization?: string | readonly string[];
  readonly dnsNames?: readonly string[];
  /** IP addresses. */
  readonly addresses?: readonly string[];
  readonly usage: "server" | "client" | "both";
  readonly days: number;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
// Clocks differ a little between machines; a certificate is valid from five minutes ago.
const CLOCK_SKEW_MS = 5 * 60_000;

/** A new self-signed authority that may sign end certificates and nothing below itself. */
export async function createAuthority(commonName: string, years: number): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: subject(commonName, []),
    ...validity(years * 365),
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await keyPem(keys.privateKey) };
}

/** A new key and a certificate for it, signed by `authority`. */
export async function issueCertificate(
  authority: Authority,
  request: CertificateRequest,
): Promise<KeyPairPem> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const issuer = new X509Certificate(authority.certificate);
  const organizations = [request.organization ?? []].flat();
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: subject(request.commonName, organizations),
    issuer: issuer.subjectName,
    ...validity(request.days, issuer.notAfter),
    signingAlgorithm: SIGNATURE,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: await leafExtensions(request, keys.publicKey, issuer),
  });
  return { certificate: pem(certificate), key: await keyPem(keys.privateKey) };
}

/** When the first certificate of `text` stops being valid. */
export function certificateExpiry(text: string): Date {
  return new X509Certificate(text).notAfter;
}

async function leafExtensions(
  request: CertificateRequest,
  publicKey: webcrypto.CryptoKey,
  issuer: X509Certificate,
): Promise<Extension[]> {
  const purposes = {
    server: [ExtendedKeyUsage.serverAuth],
    client: [ExtendedKeyUsage.clientAuth],
    both: [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
  }[request.usage];
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(request.addresses ?? []).map((value) => ({ type: "ip" as const, value: address(value) })),
  ];
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(purposes),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer),
  ];
}

function address(value: string): string {
  if (isIP(value) === 0) throw new Error(`"${value}" is not an IP address`);
  return value;
}

function subject(commonName: string, organizations: readonly string[]): string {
  const name = new Name([
    ...organizations.map((organization) => ({ O: [organization] })),
    { CN: [commonName] },
  ]);
  return name.toString();
}

/** From a little ago for `days`, never beyond the issuer's own end. */
function validity(days: number, end?: Date): { notBefore: Date; notAfter: Date } {
  const wanted = Date.now() + days * DAY_MS;
  return {
    notBefore: new Date(Date.now() - CLOCK_SKEW_MS),
    notAfter: new Date(end === undefined ? wanted : Math.min(wanted, end.getTime())),
  };
}

/** 126 random bits, positive and never beginning with a zero byte (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), PemConverter.PrivateKeyTag)}\n`;
}

function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const [der] = PemConverter.decode(text);
  if (der === undefined) throw new Error("the authority's private key is not a PEM text");
  return crypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}
