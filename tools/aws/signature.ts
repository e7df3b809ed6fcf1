/**
 * Signature version 4, which every call of AWS carries: what is said, when, where and by whom, under
 * a key that is derived from the secret and never sent. Pure; the rules are AWS' own
 * (docs.aws.amazon.com, IAM user guide, "Create a signed AWS API request").
 */
import { createHash, createHmac } from "node:crypto";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsRequest {
  readonly method: string;
  readonly url: URL;
  /** By lower-case names, `host` and `x-amz-date` left to the signature. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface AwsScope {
  readonly service: string;
  readonly region: string;
  readonly now: Date;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/** All headers to send: those of the request, and those that sign it. */
export function signedHeaders(
  request: AwsRequest,
  credentials: AwsCredentials,
  { service, region, now }: AwsScope,
): Record<string, string> {
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const date = time.slice(0, 8);
  const scope = `${date}/${region}/${service}/aws4_request`;
  const { sessionToken } = credentials;
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.url.host,
    "x-amz-date": time,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    request.method,
    // S3 takes paths as they are; elsewhere we call "/" only.
    request.url.pathname,
    canonicalQuery(request.url),
    ...names.map((name) => `${name}:${(headers[name] ?? "").trim().replaceAll(/ +/g, " ")}`),
    "",
    names.join(";"),
    headers["x-amz-content-sha256"] ?? sha256(request.body),
  ].join("\n");
  const text = [ALGORITHM, time, scope, sha256(canonical)].join("\n");
  const key = [date, region, service, "aws4_request"].reduce<Buffer>(
    (secret, part) => hmac(secret, part),
    Buffer.from(`AWS4${credentials.secretAccessKey}`),
  );
  const parts = [
    `Credential=${credentials.accessKeyId}/${scope}`,
    `SignedHeaders=${names.join(";")}`,
    `Signature=${hmac(key, text).toString("hex")}`,
  ];
  return { ...headers, authorization: `${ALGORITHM} ${parts.join(", ")}` };
}

/** RFC 3986, which escapes five characters more than JavaScript does. */
export function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalQuery({ searchParams }: URL): string {
  return [...searchParams]
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .sort()
    .join("&");
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
