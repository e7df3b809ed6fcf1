/**
 * Keys, certificates and kubeconfigs of the cluster's components. The authorities live as long as
 * the data folder; certificates are issued anew when one of them nears its end or an address
 * changes. Everything is written with mode 0600.
 */
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { writeFileAtomic } from "../base/atomic-file.ts";
import {
  type Authority,
  type CertificateRequest,
  certificateExpiry,
  createAuthority,
  issueCertificate,
  type KeyPairPem,
} from "../pki/authority.ts";
import { below, CONTEXT, type Layout, NODE_NAME, PORTS } from "./layout.ts";

const AUTHORITY_YEARS = 10;
const CERTIFICATE_DAYS = 365;
const RENEW_BEFORE_DAYS = 30;
const SECRET_MODE = 0o600;

type AuthorityName = "ca" | "etcd-ca";

interface Wanted extends CertificateRequest {
  readonly name: string;
  readonly authority: AuthorityName;
  /** Also written as a kubeconfig of this name. */
  readonly kubeconfig?: boolean;
}

export interface Credentials {
  /** Changes when certificates were issued anew: the programs are then started again. */
  readonly generation: string;
}

/** The private key and certificate of `name` lie at these paths. */
export function keyFile(layout: Layout, name: string): string {
  return below(layout, "pki", `${name}.key`);
}

export function certificateFile(layout: Layout, name: string): string {
  return below(layout, "pki", `${name}.crt`);
}

export function kubeconfigFile(layout: Layout, name: string): string {
  return name === "admin" ? layout.kubeconfig : below(layout, "pki", `${name}.kubeconfig`);
}

export async function ensureCredentials(layout: Layout): Promise<Credentials> {
  await mkdir(below(layout, "pki"), { recursive: true, mode: 0o700 });
  const wanted = wantedCertificates(layout);
  const known = await readGeneration(layout, wanted);
  if (known !== undefined) return { generation: known };
  const authorities = {
    ca: await ensureAuthority(layout, "ca", "deepseek-local cluster"),
    "etcd-ca": await ensureAuthority(layout, "etcd-ca", "deepseek-local etcd"),
  };
  await ensureServiceAccountKey(layout);
  const issued = await Promise.all(
    wanted.map(async (one) => {
      const pair = await issueCertificate(authorities[one.authority], one);
      await writePair(layout, one.name, pair);
      if (one.kubeconfig === true) await writeKubeconfig(layout, one.name, authorities.ca, pair);
      return pair.certificate;
    }),
  );
  const generation = createHash("sha256").update(issued.join("")).digest("hex").slice(0, 12);
  const mark = { request: requestHash(wanted), generation };
  await writeFileAtomic(below(layout, "pki", "issued.json"), JSON.stringify(mark));
  return { generation };
}

function wantedCertificates(layout: Layout): Wanted[] {
  const { nodeAddress, apiServiceAddress } = layout.network;
  const loopback = ["127.0.0.1"];
  const apiNames = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const days = CERTIFICATE_DAYS;
  const client = (name: string, commonName: string, organization?: string): Wanted => ({
    name,
    authority: "ca",
    commonName,
    ...(organization === undefined ? {} : { organization }),
    usage: "client",
    days,
    kubeconfig: true,
  });
  return [
    {
      name: "apiserver",
      authority: "ca",
      commonName: "kube-apiserver",
      dnsNames: [...apiNames, "kubernetes.default.svc.cluster.local", "localhost"],
      addresses: [...loopback, nodeAddress, apiServiceAddress],
      usage: "server",
      days,
    },
    {
      name: "kubelet-server",
      authority: "ca",
      commonName: NODE_NAME,
      addresses: [nodeAddress],
      usage: "server",
      days,
    },
    {
      name: "loopback",
      authority: "ca",
      commonName: "loopback",
      addresses: loopback,
      usage: "server",
      days,
    },
    {
      name: "etcd",
      authority: "etcd-ca",
      commonName: "etcd",
      addresses: loopback,
      usage: "both",
      days,
    },
    {
      name: "etcd-client",
      authority: "etcd-ca",
      commonName: "kube-apiserver",
      usage: "client",
      days,
    },
    client("admin", "deepseek:admin", "system:masters"),
    client("apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters"),
    client("controller-manager", "system:kube-controller-manager"),
    client("scheduler", "system:kube-scheduler"),
    client("kube-proxy", "system:kube-proxy"),
    client("kubelet", `system:node:${NODE_NAME}`, "system:nodes"),
    client("node-agent", "deepseek:node-agent"),
    client("kwok", "deepseek:kwok"),
  ];
}

/** The generation on disk where it still fits: same requests, same authority, far from its end. */
async function readGeneration(layout: Layout, wanted: Wanted[]): Promise<string | undefined> {
  try {
    const text = await readFile(below(layout, "pki", "issued.json"), "utf8");
    const mark = JSON.parse(text) as { request: string; generation: string };
    if (mark.request !== requestHash(wanted)) return undefined;
    const soon = Date.now() + RENEW_BEFORE_DAYS * 86_400_000;
    for (const { name } of wanted) {
      const certificate = await readFile(certificateFile(layout, name), "utf8");
      if (certificateExpiry(certificate).getTime() < soon) return undefined;
    }
    await readFile(layout.kubeconfig);
    return mark.generation;
  } catch {
    return undefined;
  }
}

function requestHash(wanted: Wanted[]): string {
  return createHash("sha256").update(JSON.stringify(wanted)).digest("hex");
}

async function ensureAuthority(
  layout: Layout,
  name: AuthorityName,
  commonName: string,
): Promise<Authority> {
  try {
    return {
      certificate: await readFile(certificateFile(layout, name), "utf8"),
      key: await readFile(keyFile(layout, name), "utf8"),
    };
  } catch {
    const authority = await createAuthority(commonName, AUTHORITY_YEARS);
    await writePair(layout, name, authority);
    return authority;
  }
}

async function ensureServiceAccountKey(layout: Layout): Promise<void> {
  const known = await readFile(keyFile(layout, "service-account"), "utf8").catch(() => "");
  if (known !== "") return;
  const pair = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  await writeFileAtomic(below(layout, "pki", "service-account.pub"), pair.publicKey, SECRET_MODE);
  await writeFileAtomic(keyFile(layout, "service-account"), pair.privateKey, SECRET_MODE);
}

async function writePair(layout: Layout, name: string, pair: KeyPairPem): Promise<void> {
  await writeFileAtomic(keyFile(layout, name), pair.key, SECRET_MODE);
  await writeFileAtomic(certificateFile(layout, name), pair.certificate, SECRET_MODE);
}

async function writeKubeconfig(
  layout: Layout,
  name: string,
  authority: Authority,
  pair: KeyPairPem,
): Promise<void> {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  // JSON is YAML; kubectl and client-go read it as a kubeconfig.
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": CONTEXT,
    clusters: [
      {
        name: CONTEXT,
        cluster: {
          server: `https://127.0.0.1:${PORTS.api}`,
          "certificate-authority-data": base64(authority.certificate),
        },
      },
    ],
    users: [
      {
        name,
        user: {
          "client-certificate-data": base64(pair.certificate),
          "client-key-data": base64(pair.key),
        },
      },
    ],
    contexts: [{ name: CONTEXT, context: { cluster: CONTEXT, user: name } }],
  };
  await writeFileAtomic(
    kubeconfigFile(layout, name),
    `${JSON.stringify(config, null, 2)}\n`,
    SECRET_MODE,
  );
}
