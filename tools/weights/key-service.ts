/**
 * AWS KMS as the keeper of the key that wraps data keys: it never gives its key away, and every use
 * of it is in its log. The data key's purpose is bound to it (encryption context), so that no other
 * ciphertext of the same key opens as one.
 */
import { request } from "undici";
import { z } from "zod";
import { domainOf } from "../aws/credentials.ts";
import { type AwsCredentials, signedHeaders } from "../aws/signature.ts";
import { UserError } from "../base/user-error.ts";
import type { KeyWrapping } from "./key-wrapping.ts";

export interface KeyServiceOptions {
  /** The key's ARN, which carries its region: an alias may lead elsewhere tomorrow. */
  readonly key: string;
  readonly credentials: () => Promise<AwsCredentials>;
  /** Instead of the region's own. */
  readonly endpoint?: string;
}

const ARN = /^arn:aws(?:-cn)?:kms:([a-z0-9-]+):\d{12}:key\/[A-Za-z0-9-]+$/;
const TIMEOUT_MS = 15_000;
const CONTEXT = { purpose: "data key of weights" };

const answerSchema = z.object({
  KeyId: z.string(),
  CiphertextBlob: z.base64().optional(),
  Plaintext: z.base64().optional(),
});

export function keyServiceWrapping({ key, credentials, endpoint }: KeyServiceOptions): KeyWrapping {
  const region = ARN.exec(key)?.[1];
  if (region === undefined) {
    throw new UserError("it is no key of KMS", {
      where: key,
      fix: "the key's ARN, as in arn:aws:kms:REGION:ACCOUNT:key/ID",
    });
  }
  const url = new URL(endpoint ?? `https://kms.${region}.${domainOf(region)}/`);
  const call = async (verb: "Encrypt" | "Decrypt", content: object) => {
    const body = JSON.stringify({ KeyId: key, EncryptionContext: CONTEXT, ...content });
    const headers = {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `TrentService.${verb}`,
    };
    const scope = { service: "kms", region, now: new Date() };
    const signed = signedHeaders(
      { method: "POST", url, headers, body },
      await credentials(),
      scope,
    );
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await request(url, { method: "POST", headers: signed, body, signal }).catch(
      () => {
        throw fault(
          key,
          "does not answer",
          "check the endpoint, and what lets this program reach it",
        );
      },
    );
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw refused(key, verb, answer.statusCode, text);
    const parsed = answerSchema.safeParse(JSON.parse(text));
    if (parsed.success && parsed.data.KeyId === key) return parsed.data;
    throw fault(key, "answered for another key", "check the endpoint");
  };
  return {
    by: `kms ${key}`,
    wrap: async (dataKey) => {
      const { CiphertextBlob } = await call("Encrypt", { Plaintext: dataKey.toString("base64") });
      if (CiphertextBlob !== undefined) return CiphertextBlob;
      throw fault(key, "gave no ciphertext", "check the endpoint");
    },
    unwrap: async (wrapped) => {
      const { Plaintext } = await call("Decrypt", { CiphertextBlob: wrapped });
      if (Plaintext !== undefined) return Buffer.from(Plaintext, "base64");
      throw fault(key, "gave no plaintext", "check the endpoint");
    },
  };
}

/** Only the kind of fault: a message may quote what was sent. */
function refused(key: string, verb: string, status: number, text: string): UserError {
  const kind = /"__type"\s*:\s*"(?:[^"#]*#)?([A-Za-z]+)"/.exec(text)?.[1] ?? "no reason";
  const fix =
    kind === "InvalidCiphertextException"
      ? "name the key that the weights were sealed under"
      : `the role needs kms:${verb} on this key`;
  return fault(key, `answered ${status} (${kind})`, fix);
}

function fault(where: string, what: string, fix: string): UserError {
  return new UserError(`KMS ${what}`, { where, fix });
}
