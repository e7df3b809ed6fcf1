/**
 * A bucket of S3, of AWS or of an object store of one's own. A segment is put once: `If-None-Match`
 * lets no second one under its name, and the bucket's own default retention locks it. The writer may
 * not read, so nothing is: the digests it sends make the bucket refuse what was damaged on its way.
 */
import { createReadStream } from "node:fs";
import { request } from "undici";
import { type BucketOptions, bucketFolder } from "../aws/bucket.ts";
import { signedHeaders } from "../aws/signature.ts";
import { ArchiveFault, type ArchiveTarget, type Shipment, type Taken } from "./archive-target.ts";

export interface TargetOptions extends BucketOptions {
  /** ARN of the key of KMS that the object is encrypted under; absent: as the bucket says. */
  readonly key?: string | undefined;
}

export function bucketTarget(options: TargetOptions): ArchiveTarget {
  const { region, credentials, key } = options;
  const folder = bucketFolder(options);

  const put = async (shipment: Shipment, signal: AbortSignal): Promise<Taken> => {
    const [url, where] = [folder.addressOf(shipment.name), folder.where(shipment.name)];
    const headers = { ...headersOf(shipment), ...(key === undefined ? {} : encryption(key)) };
    const scope = { service: "s3", region, now: new Date() };
    const asked = { method: "PUT", url, headers, body: "" };
    // Who the program is to AWS is asked where the target may be as little reachable as the target.
    const signed = signedHeaders(asked, await credentials(), scope);
    const body = createReadStream(shipment.file);
    try {
      const answer = await request(url, {
        method: "PUT",
        headers: { ...signed, "content-length": String(shipment.bytes) },
        body,
        signal,
      });
      const text = await answer.body.text();
      return takenOr(where, answer.statusCode, text);
    } catch (error) {
      if (error instanceof ArchiveFault) throw error;
      const fix = "check the way to the bucket (endpoint, certificate, policies of the pod)";
      throw new ArchiveFault("passing", `the bucket does not answer: ${reason(error)}`, where, fix);
    } finally {
      body.destroy();
    }
  };
  return { where: folder.uri, put };
}

/** A bucket with Object Lock takes nothing without a checksum; both are compared by S3. */
function headersOf({ sha256 }: Shipment): Record<string, string> {
  return {
    "content-type": "application/jsonl",
    "if-none-match": "*",
    "x-amz-checksum-sha256": Buffer.from(sha256, "hex").toString("base64"),
    "x-amz-content-sha256": sha256,
  };
}

function encryption(key: string): Record<string, string> {
  return {
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": key,
  };
}

function takenOr(where: string, status: number, text: string): Taken {
  if (status === 200) return "taken";
  if (status === 412) return "there";
  // Only the kind of fault: a message may quote what was sent.
  const code = /<Code>([A-Za-z]+)<\/Code>/.exec(text)?.[1] ?? "no reason";
  const what = `the bucket answered ${status} (${code})`;
  // 409: somebody puts the same name at this moment (S3 user guide, "Conditional requests").
  if (status >= 500 || status === 429 || status === 409) {
    throw new ArchiveFault("passing", what, where, "none needed if it passes");
  }
  if (status === 400) {
    const fix = "read the segment where it lies, and compare it with what its gateway logs";
    throw new ArchiveFault("segment", what, where, fix);
  }
  const fix = "its writer needs s3:PutObject, and kms:GenerateDataKey on the bucket's key";
  throw new ArchiveFault("target", what, where, fix);
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  return code;
}
