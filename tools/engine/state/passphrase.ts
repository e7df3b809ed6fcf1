/**
 * Where a stack's passphrase comes from: Pulumi's two environment variables, in Pulumi's order, or
 * (the local stack) a file that is made once with a random passphrase and mode 0600.
 */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../../base/user-error.ts";
import { errorCode } from "./state-error.ts";

export interface PassphraseOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The file that keeps a generated passphrase; absent: none is generated. */
  readonly generatedFile?: string;
}

/** 32 bytes: as strong as the AES-256 key that is derived from it. */
const GENERATED_BYTES = 32;

/** A function that finds the passphrase when it is first needed. */
export function passphraseSource(options: PassphraseOptions): () => Promise<string> {
  return async () => {
    // An empty passphrase is a passphrase, as it is for Pulumi.
    const given = options.environment["PULUMI_CONFIG_PASSPHRASE"];
    if (given !== undefined) return given;
    const file = options.environment["PULUMI_CONFIG_PASSPHRASE_FILE"];
    if (file !== undefined && file !== "") return readPassphraseFile(path.resolve(file));
    if (options.generatedFile !== undefined) return generatedPassphrase(options.generatedFile);
    throw new UserError("The stack has secrets, and no passphrase was given.", {
      where: "PULUMI_CONFIG_PASSPHRASE",
      fix: "Set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it.",
    });
  };
}

async function readPassphraseFile(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    throw new UserError(`The passphrase file cannot be read (${errorCode(error) ?? "unknown"}).`, {
      where: file,
      fix: "Point PULUMI_CONFIG_PASSPHRASE_FILE at a readable file that holds the passphrase.",
    });
  }
}

async function generatedPassphrase(file: string): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  try {
    // "wx": of two processes that start together, one makes the file and the other reads it.
    const handle = await open(file, "wx", 0o600);
    try {
      const passphrase = randomBytes(GENERATED_BYTES).toString("base64url");
      await handle.writeFile(`${passphrase}\n`);
      await handle.sync();
      return passphrase;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
  await chmod(file, 0o600);
  const passphrase = (await readFile(file, "utf8")).trim();
  if (passphrase !== "") return passphrase;
  throw new UserError("The generated passphrase file is empty.", {
    where: file,
    fix: "Restore it from a backup. Without it the stack's secrets are lost: remove the file and the stack's state, and deploy anew.",
  });
}
