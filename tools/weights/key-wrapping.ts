/**
 * Who keeps the key that seals a model's data key: a file of keys, or the transit engine of OpenBao
 * (or Vault), which never gives its key away. Another key in front, or a new version in the engine,
 * rotates it: data keys are wrapped anew and no weight is touched.
 */
import { readFileSync } from "node:fs";
import { request } from "undici";
import { SealedBox } from "../../gateway-image/src/base/sealed-box.ts";
import { UserError } from "../base/user-error.ts";

export interface KeyWrapping {
  /** Recorded beside what it wrapped. */
  readonly by: string;
  wrap(dataKey: Buffer): Promise<string>;
  unwrap(wrapped: string): Promise<Buffer>;
}

const ABOUT = "data key of weights";
const TIMEOUT_MS = 15_000;
const ANSWER_BYTES_MAX = 65_536;

/** Lines `id:base64 of 32 bytes`; the first one wraps, all unwrap. */
export function fileWrapping(file: string): KeyWrapping {
  const box = keysIn(file);
  return {
    by: "file",
    wrap: async (dataKey) => box.seal(dataKey, ABOUT),
    unwrap: async (wrapped) => {
      const dataKey = box.open(wrapped, ABOUT);
      if (dataKey !== null) return dataKey;
      throw new UserError("no key of the file opens the data key", {
        where: file,
        fix: "use the file with the key that the weights were sealed under",
      });
    },
  };
}

function keysIn(file: string): SealedBox {
  try {
    return new SealedBox(readFileSync(file, "utf8"));
  } catch {
    throw new UserError("it cannot be read as keys", {
      where: file,
      fix: "lines of a name, a colon, and 32 bytes in base64",
    });
  }
}

export interface TransitOptions {
  /** Such as https://openbao.example.org:8200. */
  readonly url: string;
  readonly mount: string;
  readonly key: string;
  readonly token: string;
}

export function transitWrapping({ url, mount, key, token }: TransitOptions): KeyWrapping {
  const call = async (
    verb: "encrypt" | "decrypt",
    body: object,
  ): Promise<Record<string, unknown>> => {
    const address = new URL(`/v1/${mount}/${verb}/${key}`, url);
    const answer = await request(address, {
      method: "POST",
      headers: { "x-vault-token": token, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch(() => {
      throw fault("the transit engine does not answer", "check the address and its certificate");
    });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    if (answer.statusCode !== 200 || bytes.length > ANSWER_BYTES_MAX) {
      throw fault(
        `the transit engine answered ${answer.statusCode}`,
        `the token needs update on ${mount}/${verb}/${key}`,
      );
    }
    return (JSON.parse(bytes.toString("utf8")) as { data: Record<string, unknown> }).data;
  };
  const fault = (what: string, fix: string) =>
    new UserError(what, { where: `${url} ${mount}/${key}`, fix });
  return {
    by: `transit ${mount}/${key}`,
    wrap: async (dataKey) => {
      const { ciphertext } = await call("encrypt", { plaintext: dataKey.toString("base64") });
      if (typeof ciphertext === "string") return ciphertext;
      throw fault("the transit engine gave no ciphertext", "check the engine's version");
    },
    unwrap: async (ciphertext) => {
      const { plaintext } = await call("decrypt", { ciphertext });
      if (typeof plaintext === "string") return Buffer.from(plaintext, "base64");
      throw fault("the transit engine gave no plaintext", "check the engine's version");
    },
  };
}
