/**
 * The certificates of a stack that has no other source of them (`local`): an authority and one
 * server certificate per program, made once. They live as the secret `deepseek:certificates` of
 * the stack's configuration; the authority's key stays outside of it, because no program needs it.
 */
import { X509Certificate } from "node:crypto";
import {
  type Authority,
  certificateExpiry,
  createAuthority,
  issueCertificate,
  type KeyPairPem,
} from "../pki/authority.ts";

/** The value of `deepseek:certificates`, plus what only the CLI keeps. */
export interface StackCertificates {
  readonly ca: string;
  readonly names: Readonly<Record<string, KeyPairPem>>;
}

export interface CertificateStore {
  readonly authority: Authority;
  readonly certificates: StackCertificates;
}

const AUTHORITY_YEARS = 10;
// Browsers refuse server certificates of more than 398 days (CA/Browser Forum SC-31).
const CERTIFICATE_DAYS = 397;
// Renewed well before alerts about expiry would fire.
const RENEW_BEFORE_MS = 30 * 86_400_000;

interface Program {
  readonly namespace: string;
  readonly services: readonly string[];
  /** Also called from this machine, through a port of the node. */
  readonly outside?: true;
}

/** Program → its Services; each is asked for by every form of its DNS name. */
const PROGRAMS: Readonly<Record<string, Program>> = {
  edge: { namespace: "deepseek", services: ["edge"], outside: true },
  gateway: { namespace: "deepseek", services: ["gateway", "gateway-metrics"] },
  // Each of several pods is called by a name of its own below the Service's.
  redis: { namespace: "deepseek", services: ["redis", "*.redis"] },
  postgres: { namespace: "deepseek", services: ["postgres"] },
  prometheus: { namespace: "monitoring", services: ["prometheus"], outside: true },
  alertmanager: { namespace: "monitoring", services: ["alertmanager"] },
  "alert-relay": { namespace: "monitoring", services: ["alert-relay"] },
  collector: { namespace: "monitoring", services: ["collector"] },
  "log-agent": { namespace: "deepseek-logs", services: ["log-agent-metrics"] },
};

/** `kept` again where everything in it is still good, else what is missing made new. */
export async function ensureCertificates(
  kept: CertificateStore | undefined,
  models: readonly string[],
  now = new Date(),
): Promise<CertificateStore> {
  const wanted = new Map<string, readonly string[]>(
    Object.entries(PROGRAMS).map(([name, { namespace, services, outside }]) => [
      name,
      [
        ...(outside === true ? ["localhost"] : []),
        ...services.flatMap((service) => serviceNames(service, namespace)),
      ],
    ]),
  );
  wanted.set("model", [
    ...models.flatMap((model) => serviceNames(`model-${model}`, "deepseek")),
    "*.deepseek.svc",
    "*.deepseek.svc.cluster.local",
  ]);
  const usable = kept !== undefined && !expiresSoon(kept.authority.certificate, now);
  const authority = usable
    ? kept.authority
    : await createAuthority("DeepSeek local stack authority", AUTHORITY_YEARS);
  const names: Record<string, KeyPairPem> = {};
  for (const [name, dnsNames] of wanted) {
    const old = usable ? kept.certificates.names[name] : undefined;
    const outside = PROGRAMS[name]?.outside === true;
    names[name] =
      old !== undefined && !expiresSoon(old.certificate, now) && carries(old.certificate, dnsNames)
        ? old
        : await issueCertificate(authority, {
            commonName: name,
            dnsNames,
            addresses: outside ? ["127.0.0.1", "::1"] : [],
            usage: "server",
            days: CERTIFICATE_DAYS,
          });
  }
  return { authority, certificates: { ca: authority.certificate, names } };
}

function expiresSoon(certificate: string, now: Date): boolean {
  return certificateExpiry(certificate).getTime() - now.getTime() < RENEW_BEFORE_MS;
}

/** A program that got a new name needs a new certificate. */
function carries(certificate: string, dnsNames: readonly string[]): boolean {
  const names = new X509Certificate(certificate).subjectAltName ?? "";
  const carried = new Set(names.split(", "));
  return dnsNames.every((name) => carried.has(`DNS:${name}`));
}

function serviceNames(service: string, namespace: string): readonly string[] {
  return [
    service,
    `${service}.${namespace}`,
    `${service}.${namespace}.svc`,
    `${service}.${namespace}.svc.cluster.local`,
  ];
}
