/**
 * The gateway's own secrets: what seals data at rest, signs tokens and seals the audit trail, and
 * the first administrator's password. Made once, kept as secrets of the stack.
 */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { after, labelsOf } from "./component.ts";
import { checksumOf, ofGeneration, secretData } from "./secret-data.ts";

export interface GatewaySecrets {
  /** Name of the Secret. */
  readonly name: pulumi.Output<string>;
  readonly administratorPassword: pulumi.Output<string>;
}

/** How often what signs tokens, and what seals data, were rotated. */
export interface Generations {
  readonly tokens: number;
  readonly data: number;
}

/** Files of the Secret, as the gateway's settings name them. */
export const SECRET_FILES = {
  dataKeys: "data-keys",
  tokenSecrets: "token-secrets",
  auditSeal: "audit-seal.pem",
  administratorPassword: "administrator-password",
} as const;

/** The user that the gateway makes at its first start. */
export const ADMINISTRATOR = "admin";
const KEY_BYTES = 32;
const PASSWORD_CHARACTERS = 24;
/** RFC 8410: the fixed beginning of a PKCS #8 document with an Ed25519 key, before its 32 bytes. */
const ED25519_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

export function gatewaySecrets(
  name: string,
  namespace: string,
  program: string,
  { tokens, data }: Generations = { tokens: 0, data: 0 },
  options: pulumi.CustomResourceOptions,
): GatewaySecrets {
  const bytes = (what: string) =>
    new random.RandomBytes(`${name}-${what}`, { length: KEY_BYTES }, options).base64;
  const password = new random.RandomPassword(
    `${name}-administrator`,
    { length: PASSWORD_CHARACTERS, special: false },
    options,
  ).result;
  const secret = new k8s.core.v1.Secret(
    `${name}-secrets`,
    {
      metadata: { name: `${program}-secrets`, namespace, labels: labelsOf(program) },
      data: secretData({
        // The id tells which key sealed a thing; a rotation puts another one in front.
        [SECRET_FILES.dataKeys]: lines(
          generations(data, 0).map(
            (one) => pulumi.interpolate`${keyId(one)}:${bytes(ofGeneration("data-key", one))}`,
          ),
        ),
        // The first one signs; tokens of the one before are gone long before the next rotation.
        [SECRET_FILES.tokenSecrets]: lines(
          generations(tokens, Math.max(0, tokens - 1)).map((one) =>
            bytes(ofGeneration("token-secret", one)),
          ),
        ),
        [SECRET_FILES.auditSeal]: bytes("audit-seal").apply(ed25519Pem),
        [SECRET_FILES.administratorPassword]: password,
      }),
    },
    options,
  );
  return {
    name: after(secret, `${program}-secrets`),
    administratorPassword: pulumi.secret(password),
  };
}

/** The newest first. */
function generations(newest: number, oldest: number): number[] {
  return Array.from({ length: newest - oldest + 1 }, (_, index) => newest - index);
}

function keyId(generation: number): string {
  return generation === 0 ? "first" : `rotated-${generation}`;
}

function lines(each: readonly pulumi.Output<string>[]): pulumi.Output<string> {
  return pulumi.all([...each]).apply((known) => known.map((line) => `${line}\n`).join(""));
}

/** Where the edge and the gateway find the secret by which the one proves itself to the other. */
export interface EdgeTrust {
  /** Name of the Secret. */
  readonly secret: pulumi.Output<string>;
  readonly checksum: pulumi.Output<string>;
}

/** `token` is for the gateway, `trust` a line of nginx's. */
export const TRUST_FILES = { token: "token", trust: "trust.conf" } as const;

export function edgeTrust(
  name: string,
  namespace: string,
  program: string,
  options: pulumi.CustomResourceOptions,
): EdgeTrust {
  const token = new random.RandomBytes(`${name}-edge-token`, { length: KEY_BYTES }, options).hex;
  const own = `${program}-edge-token`;
  const secret = new k8s.core.v1.Secret(
    `${name}-edge-trust`,
    {
      metadata: { name: own, namespace, labels: labelsOf(program) },
      data: secretData({
        [TRUST_FILES.token]: token,
        [TRUST_FILES.trust]: pulumi.interpolate`proxy_set_header X-Edge-Token "${token}";\n`,
      }),
    },
    options,
  );
  return { secret: after(secret, own), checksum: checksumOf(token) };
}

/** `seed`: base64 of the 32 bytes that an Ed25519 key is. */
export function ed25519Pem(seed: string): string {
  const document = Buffer.concat([ED25519_HEAD, Buffer.from(seed, "base64")]).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${document}\n-----END PRIVATE KEY-----\n`;
}
