/**
 * A stack's configuration as Pulumi keeps it: Pulumi.yaml (the project), Pulumi.<stack>.yaml
 * (committed values) and an overlay in the same format, which the CLI writes into the git-ignored
 * state folder with mode 0600: what a machine makes for itself, secrets above all. The overlay's
 * keys win. Files are changed in place: comments and order stay.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Document, isMap, isNode, parseDocument } from "yaml";
import { writeFileAtomic } from "../../base/atomic-file.ts";
import { UserError } from "../../base/user-error.ts";
import type { ConfigValue } from "../values.ts";
import { decodeConfigValue, isEncrypted } from "./config-value.ts";
import type { Keyring } from "./crypto.ts";
import { errorCode, writeFailure } from "./state-error.ts";

export interface Project {
  readonly name: string;
  readonly description: string;
  /** Relative to the project's folder; "." where Pulumi.yaml does not say. */
  readonly main: string;
}

export interface StackConfigOptions {
  readonly project: Project;
  /** The folder of Pulumi.yaml. */
  readonly projectDir: string;
  readonly stack: string;
  /** The git-ignored folder of overlays, as in `.state/config`. */
  readonly overlayDir: string;
  readonly keyring: Keyring;
}

export interface Setting {
  readonly layer: ConfigLayer;
  readonly secret: boolean;
  readonly below?: readonly string[];
}

/** Where a value is written: with the committed values, or on this machine only. */
export type ConfigLayer = "stack" | "overlay";

export interface StackConfig {
  /** Every value under its full key (`deepseek:models`); objects are JSON text. */
  values(): Promise<Readonly<Record<string, ConfigValue>>>;
  /**
   * `value` may be an object: it is written as YAML, or as JSON text where it is secret. With `below` it
   * takes one place inside of the key's object, and what stands beside it stays as it is written.
   */
  set(key: string, value: unknown, options: Setting): Promise<void>;
  /** false: the key was not there. */
  remove(key: string, layer: ConfigLayer): Promise<boolean>;
  /** Absolute paths, for messages; a file need not exist. */
  readonly files: Readonly<Record<ConfigLayer, string>>;
}

/** Reads Pulumi.yaml in `projectDir`. */
export async function readProject(projectDir: string): Promise<Project> {
  const file = path.join(projectDir, "Pulumi.yaml");
  const document = await readDocument(file);
  if (document === undefined) {
    throw new UserError("There is no Pulumi project here.", {
      where: file,
      fix: "Run the command in the folder that holds Pulumi.yaml.",
    });
  }
  const name = textAt(document, "name");
  if (name === "") {
    throw new UserError("The project has no name.", {
      where: file,
      fix: "Add its name on a line of its own: `name: deepseek`.",
    });
  }
  return {
    name,
    description: textAt(document, "description"),
    main: textAt(document, "main") || ".",
  };
}

export function openStackConfig(options: StackConfigOptions): StackConfig {
  const name = `Pulumi.${options.stack}.yaml`;
  const files = {
    stack: path.join(options.projectDir, name),
    overlay: path.join(options.overlayDir, name),
  };
  return {
    files,
    values: async () => {
      const projectFile = path.join(options.projectDir, "Pulumi.yaml");
      return Object.fromEntries([
        ...(await projectValues(options, projectFile)),
        ...(await fileValues(options, files.stack)),
        ...(await fileValues(options, files.overlay)),
      ]);
    },
    set: async (key, value, { layer, secret, below = [] }) => {
      const file = files[layer];
      const document = (await readDocument(file)) ?? parseDocument("");
      const stored = secret ? { secure: await encrypt(options, files, document, value) } : value;
      if (!isMap(document.get("config"))) document.set("config", document.createNode({}));
      const place = ["config", writtenKey(document, options, key), ...below];
      const node = document.createNode(stored);
      const old = document.getIn(place, true);
      if (isNode(old) && old.comment) node.comment = old.comment;
      document.setIn(place, node);
      await writeDocument(file, document, layer);
    },
    remove: async (key, layer) => {
      const document = await readDocument(files[layer]);
      const removed = document?.deleteIn(["config", writtenKey(document, options, key)]) === true;
      if (document !== undefined && removed) await writeDocument(files[layer], document, layer);
      return removed;
    },
  };
}

/** Pulumi.yaml may hold values for every stack: `key: {value}`, `{default}` or the value itself. */
async function projectValues(
  options: StackConfigOptions,
  file: string,
): Promise<[string, ConfigValue][]> {
  const entries = configEntries(await readDocument(file), file);
  return entries.flatMap(([key, raw]): [string, ConfigValue][] => {
    const declared = typeof raw === "object" && raw !== null && !Array.isArray(raw);
    const value = declared ? (Reflect.get(raw, "value") ?? Reflect.get(raw, "default")) : raw;
    if (value === undefined || value === null) return [];
    return [[fullKey(options, key, file), decodeConfigValue(value, neverEncrypted(file))]];
  });
}

async function fileValues(
  options: StackConfigOptions,
  file: string,
): Promise<[string, ConfigValue][]> {
  const document = await readDocument(file);
  if (document === undefined) return [];
  refuseForeign(document, file);
  const salt = textAt(document, "encryptionsalt");
  if (salt !== "") options.keyring.adopt(salt, file);
  const entries = configEntries(document, file);
  if (!entries.some(([, value]) => isEncrypted(value))) {
    return entries.map(([key, value]) => [
      fullKey(options, key, file),
      decodeConfigValue(value, neverEncrypted(file)),
    ]);
  }
  if (salt === "") throw noSalt(file);
  const crypter = await options.keyring.open(salt, file);
  return entries.map(([key, value]) => [
    fullKey(options, key, file),
    decodeConfigValue(value, (ciphertext) => {
      try {
        return crypter.decrypt(ciphertext);
      } catch {
        throw new UserError(`The secret ${key} does not open: its text was changed.`, {
          where: file,
          fix: "Set it anew, or restore the file.",
        });
      }
    }),
  ]);
}

async function encrypt(
  options: StackConfigOptions,
  files: Readonly<Record<ConfigLayer, string>>,
  document: Document,
  value: unknown,
): Promise<string> {
  // Both files use one salt where they can: one passphrase, one key, one salt for the real CLI.
  const committed = await readDocument(files.stack);
  const known = textAt(document, "encryptionsalt") || textAt(committed, "encryptionsalt");
  const crypter =
    known === "" ? await options.keyring.current() : await options.keyring.open(known, files.stack);
  document.set("encryptionsalt", crypter.salt);
  return crypter.encrypt(typeof value === "string" ? value : JSON.stringify(value));
}

async function readDocument(file: string): Promise<Document | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new UserError(`The file cannot be read (${errorCode(error) ?? String(error)}).`, {
      where: file,
      fix: "Make it readable for this user.",
    });
  }
  const document = parseDocument(text);
  // The first one alone: those behind it mostly follow from it.
  const [fault] = document.errors.map(({ message }) => message.split("\n")[0]?.replace(/:$/, ""));
  const isOther = document.contents !== null && !isMap(document.contents);
  const wrong = fault ?? (isOther ? "it is not a map" : undefined);
  if (wrong === undefined) return document;
  throw new UserError(`The file is not valid YAML: ${wrong}.`, {
    where: file,
    fix: "Mend what is named above.",
  });
}

async function writeDocument(file: string, document: Document, layer: ConfigLayer): Promise<void> {
  try {
    // Long ciphertexts and JSON texts stay on one line, as the real CLI writes them.
    const text = document.toString({ lineWidth: 0 });
    await writeFileAtomic(file, text, layer === "overlay" ? 0o600 : 0o644);
  } catch (error) {
    throw writeFailure(file, error, 2);
  }
}

function configEntries(document: Document | undefined, file: string): [string, unknown][] {
  const config = document?.get("config");
  if (config === undefined || config === null) return [];
  if (!isMap(config)) {
    throw new UserError("config is not a map of keys and values.", {
      where: file,
      fix: "Write it as `config:` with lines such as `  deepseek:environment: local` below it.",
    });
  }
  return Object.entries(config.toJSON() as Record<string, unknown>);
}

/** Pulumi takes a key without a namespace for one of the project's. */
function fullKey(options: StackConfigOptions, key: string, file: string): string {
  const parts = key.split(":");
  if (parts.length === 1) return `${options.project.name}:${key}`;
  if (parts.length === 2) return key;
  if (parts.length === 3 && parts[1] === "config") return `${parts[0]}:${parts[2]}`;
  throw new UserError(`${key} is not a configuration key.`, {
    where: file,
    fix: "A key reads <namespace>:<name>, as in deepseek:environment.",
  });
}

/** The key as the file has it, so that a value is replaced rather than written a second time. */
function writtenKey(document: Document, options: StackConfigOptions, key: string): string {
  const wanted = fullKey(options, key, "");
  const written = configEntries(document, "").map(([name]) => name);
  return written.find((name) => fullKey(options, name, "") === wanted) ?? wanted;
}

function refuseForeign(document: Document, file: string): void {
  const secretsProvider = textAt(document, "secretsprovider");
  if (secretsProvider !== "" && secretsProvider !== "passphrase") {
    throw new UserError(`The secrets provider ${secretsProvider} is not built in.`, {
      where: file,
      fix: "Use the Pulumi CLI (--engine pulumi) or change the stack to the passphrase provider.",
    });
  }
  if (document.has("environment")) {
    throw new UserError("The stack imports environments of Pulumi Cloud, which is not built in.", {
      where: file,
      fix: "Use the Pulumi CLI (--engine pulumi), or write the values into this file.",
    });
  }
}

function neverEncrypted(file: string): (ciphertext: string) => string {
  return () => {
    throw noSalt(file);
  };
}

function noSalt(file: string): UserError {
  return new UserError("The file holds secrets but no encryptionsalt, so nothing can open them.", {
    where: file,
    fix: "Restore the line `encryptionsalt: v1:...`, or set the secrets anew.",
  });
}

function textAt(document: Document | undefined, key: string): string {
  const value = document?.get(key);
  return typeof value === "string" ? value : "";
}
