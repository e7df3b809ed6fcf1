/** A folder in a bucket of S3, of AWS or of an object store of one's own: what it is called, and where it is. */
import { UserError } from "../base/user-error.ts";
import { domainOf } from "./credentials.ts";
import { type AwsCredentials, escaped } from "./signature.ts";

export interface BucketOptions {
  /** s3://bucket/prefix. */
  readonly uri: string;
  readonly region: string;
  readonly credentials: () => Promise<AwsCredentials>;
  /** Instead of the region's own; the bucket then is the first part of the path. */
  readonly endpoint?: string | undefined;
}

export interface BucketFolder {
  readonly uri: string;
  /** For messages. */
  where(name: string): string;
  addressOf(name: string): URL;
}

const URI = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?(.*)$/;

export function bucketFolder({ uri, region, endpoint }: BucketOptions): BucketFolder {
  const [, bucket, prefix = ""] = URI.exec(uri) ?? [];
  if (bucket === undefined) {
    throw new UserError("it is no place in a bucket", { where: uri, fix: "s3://BUCKET/PREFIX" });
  }
  const base = (endpoint ?? `https://s3.${region}.${domainOf(region)}`).replace(/\/$/, "");
  const folder = prefix.split("/").filter((part) => part !== "");
  const stepsTo = (name: string) => [bucket, ...folder, ...name.split("/")];
  return {
    uri: `s3://${[bucket, ...folder].join("/")}`,
    where: (name) => `s3://${stepsTo(name).join("/")}`,
    addressOf: (name) => new URL([base, ...stepsTo(name).map(escaped)].join("/")),
  };
}

/** Nothing leaves the machine in clear; on loopback it does not leave it. */
export function isSecure(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false;
  const { protocol, hostname } = new URL(endpoint);
  return protocol === "https:" || (protocol === "http:" && hostname === "127.0.0.1");
}
