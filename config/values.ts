/** Kinds of values that several sections of the settings share, each with what would be right in words. */
import { z } from "zod";
import { A_START, FEW_SPANS, HTTPS } from "./sources.ts";

export const label = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$/)
  .meta({ right: "lower-case letters, digits and hyphens, at most 48" });

/** Of Kubernetes' objects. */
export const labels = z.record(z.string().regex(/^[a-z0-9A-Z./_-]{1,317}$/), z.string().max(63));

export const modelName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,46}[a-z0-9])?$/)
  .meta({ right: "lower-case letters, digits, dots and hyphens, at most 48" });

export const hostName = z
  .string()
  .regex(/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/)
  .meta({ right: "a host name, as in api.example.org" });

export const addressRange = z
  .union([z.cidrv4(), z.cidrv6()])
  .meta({ right: "an address range, as in 10.0.0.0/8 or fd00::/8" });

/** As a browser writes it: no path, the host in lower case, no port that is the scheme's own. */
export const origin = z
  .string()
  .refine((text) => URL.canParse(text) && new URL(text).origin === text)
  .meta({ right: "an origin, as in https://app.example.org" });

/** Of an S3 service: a bucket, and a folder in it. */
export const bucketFolder = z.string().regex(/^s3:\/\/[a-z0-9.-]{3,63}(\/.*)?$/);

/** Which an S3 service's signatures name. */
export const signingRegion = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/)
  .meta({ right: "a region, as in us-east-1" })
  .default("us-east-1")
  .meta({
    source:
      "vendor: what MinIO takes where nobody has named another, https://github.com/minio/minio/discussions/15997",
  });

export const https = z.url({ protocol: /^https$/ }).meta({ right: "an https address" });

export const cpu = z
  .string()
  .regex(/^([1-9][0-9]*m|[1-9][0-9]*)$/)
  .meta({ right: 'a quoted processor quantity, as in "250m" or "2"' });

export const memory = z
  .string()
  .regex(/^[1-9][0-9]*(Mi|Gi|Ti)$/)
  .meta({ right: "a memory or storage quantity, as in 512Mi or 20Gi" });

/** `source`: of the memory. */
export const resources = (share: string, size: string, source = A_START) =>
  z
    .strictObject({
      cpu: cpu
        .default(share)
        .meta({ source: A_START })
        .describe("Processor share each pod asks for."),
      memory: memory
        .default(size)
        .meta({ source })
        .describe("Memory each pod asks for and may use at most."),
    })
    .prefault({})
    .describe("What each pod gets.");

/** Outside a Service's default range the API server refuses the port. */
export const nodePort = z.int().min(30_000).max(32_767);

export const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/)
  .meta({ right: "sha256: and 64 hexadecimal digits" });

export const secretText = z
  .string()
  .min(8)
  .max(4_096)
  .regex(/^[\x21-\x7e]+$/)
  .meta({ right: "8 or more printable characters", sensitive: true });

/** Certificates are public; only private keys are secret. */
export const authorities = z
  .string()
  .regex(/^-----BEGIN CERTIFICATE-----\n/)
  .meta({ right: "certificates in PEM form" });

export const pem = z
  .string()
  .regex(/^-----BEGIN [A-Z ]+-----\n/)
  .meta({ right: "PEM text", sensitive: true });

export const arn = z
  .string()
  .regex(/^arn:aws(-cn)?:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$/)
  .meta({ right: "an ARN, as in arn:aws:iam::123456789012:role/platform" });

export const time = z.iso.datetime().meta({ right: "a time in UTC, as in 2027-01-31T11:30:00Z" });

/** Of addresses outside of the cluster. */
export const portsThere = z
  .array(z.int().min(1).max(65_535))
  .min(1)
  .max(16)
  .default([443])
  .meta({ source: HTTPS })
  .describe("Ports there.");

export const samplePercent = z
  .int()
  .min(0)
  .max(100)
  .default(10)
  .meta({ source: FEW_SPANS })
  .describe("Of the calls, how many.");
