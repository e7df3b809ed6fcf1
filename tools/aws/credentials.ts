/**
 * Who a program is to AWS: keys of its environment, the role of its pod (EKS Pod Identity), or the
 * role behind its service account (IRSA). What expires is asked for again before it does.
 */
import { readFile } from "node:fs/promises";
import { request } from "undici";
import { z } from "zod";
import { UserError } from "../base/user-error.ts";
import type { AwsCredentials } from "./signature.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

interface Lasting {
  readonly credentials: AwsCredentials;
  readonly expiresMs: number;
}

const TIMEOUT_MS = 15_000;
/** A call that has begun may last; what it began with should not end meanwhile. */
const BEFORE_END_MS = 5 * 60_000;
/** The agent of EKS Pod Identity, on IPv4 and IPv6; nobody else gets the token over plain HTTP. */
const AGENTS: readonly string[] = ["169.254.170.23", "[fd00:ec2::23]"];

const podRole = z.object({
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  Token: z.string(),
  Expiration: z.iso.datetime({ offset: true }),
});

/** Asks whoever the variables name; throws a UserError where they name nobody. */
export function awsCredentials(variables: Variables): () => Promise<AwsCredentials> {
  const ask = sourceOf(variables);
  let known: Lasting | undefined;
  return async () => {
    if (known === undefined || Date.now() > known.expiresMs - BEFORE_END_MS) known = await ask();
    return known.credentials;
  };
}

function sourceOf(variables: Variables): () => Promise<Lasting> {
  const fixed = keysOf(variables);
  if (fixed !== undefined) return async () => fixed;
  const {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: agent,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: agentToken,
    AWS_ROLE_ARN: role,
    AWS_WEB_IDENTITY_TOKEN_FILE: webToken,
    AWS_REGION: region,
  } = variables;
  if (agent !== undefined && agentToken !== undefined) return () => fromAgent(agent, agentToken);
  if (role !== undefined && webToken !== undefined && region !== undefined) {
    const endpoint = variables["AWS_ENDPOINT_URL_STS"] ?? stsOf(region);
    return () => fromWebIdentity(endpoint, role, webToken);
  }
  throw new UserError("nothing says who this program is to AWS", {
    where: "environment",
    fix: "associate a role with its service account, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
  });
}

function keysOf(variables: Variables): Lasting | undefined {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = variables;
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const session = sessionToken === undefined ? {} : { sessionToken };
  const credentials = { accessKeyId, secretAccessKey, ...session };
  return { credentials, expiresMs: Number.POSITIVE_INFINITY };
}

async function fromAgent(address: string, tokenFile: string): Promise<Lasting> {
  const url = new URL(address);
  const near = AGENTS.includes(url.hostname) || url.hostname === "127.0.0.1";
  if (url.protocol !== "https:" && !near) throw fault(address, "is no agent of this node");
  const authorization = (await readFile(tokenFile, "utf8")).trim();
  const answer = podRole.safeParse(JSON.parse(await text(url, { headers: { authorization } })));
  if (!answer.success) throw fault(address, "answered without keys");
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = answer.data;
  return {
    credentials: {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: Token,
    },
    expiresMs: Date.parse(Expiration),
  };
}

/** The token itself proves who asks: this one call is not signed. */
async function fromWebIdentity(endpoint: string, role: string, file: string): Promise<Lasting> {
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: role,
    RoleSessionName: "deepseek",
    WebIdentityToken: (await readFile(file, "utf8")).trim(),
  }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await text(new URL(endpoint), { method: "POST", headers, body });
  const field = (name: string) => {
    const found = new RegExp(`<${name}>([^<]+)</${name}>`).exec(answer)?.[1];
    if (found === undefined) throw fault(endpoint, `answered without ${name}`);
    return found;
  };
  return {
    credentials: {
      accessKeyId: field("AccessKeyId"),
      secretAccessKey: field("SecretAccessKey"),
      sessionToken: field("SessionToken"),
    },
    expiresMs: Date.parse(field("Expiration")),
  };
}

function stsOf(region: string): string {
  return `https://sts.${region}.${domainOf(region)}/`;
}

/** China's regions are a partition of their own. */
export function domainOf(region: string): string {
  return region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}

async function text(url: URL, options: Parameters<typeof request>[1]): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await request(url, { ...options, signal }).catch(() => {
    throw fault(url.origin, "does not answer");
  });
  const body = await answer.body.text();
  if (answer.statusCode !== 200) throw fault(url.origin, `answered ${answer.statusCode}`);
  return body;
}

function fault(where: string, what: string): UserError {
  return new UserError(`credentials of AWS: ${what}`, {
    where,
    fix: "check the role of the pod's service account, and that its policies let the pod reach it",
  });
}
