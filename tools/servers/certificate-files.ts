/** A certificate for localhost from an authority of its own, as files in a folder. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createAuthority, issueCertificate } from "../pki/authority.ts";

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  /** The authority's certificate itself, PEM. */
  readonly caText: string;
}

export async function writeCertificate(folder: string): Promise<CertificateFiles> {
  const authority = await createAuthority("loopback authority", 1);
  const pair = await issueCertificate(authority, {
    commonName: "localhost",
    dnsNames: ["localhost"],
    addresses: ["127.0.0.1"],
    usage: "server",
    days: 2,
  });
  const write = (name: string, content: string) => {
    const file = path.join(folder, name);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  };
  return {
    certificate: write("server.crt", pair.certificate),
    key: write("server.key", pair.key),
    ca: write("ca.crt", authority.certificate),
    caText: authority.certificate,
  };
}
