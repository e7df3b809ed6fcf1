/** Weights of models at rest: sealed, verified, opened onto memory, their key wrapped anew. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, statfs, writeFile } from "node:fs/promises";
import path from "node:path";
import { awsCredentials, type Variables } from "../../aws/credentials.ts";
import { sha256 } from "../../aws/signature.ts";
import { createProgress } from "../../base/progress.ts";
import { UserError } from "../../base/user-error.ts";
import { keyServiceWrapping } from "../../weights/key-service.ts";
import { fileWrapping, type KeyWrapping, transitWrapping } from "../../weights/key-wrapping.ts";
import { MANIFEST, type Manifest, sealedDigest } from "../../weights/manifest.ts";
import { describedFiles, sizeOf } from "../../weights/model-files.ts";
import { plainManifestText } from "../../weights/plain-manifest.ts";
import { openModel, rewrapModel, sealModel } from "../../weights/sealed-model.ts";
import type { Call, Flags, Verb } from "../verb.ts";

/** statfs' type of tmpfs (linux/magic.h). */
const TMPFS = 0x01021994;

export const verb: Verb = {
  name: "weights",
  summary: "seals a model's weights, verifies them, opens them, rotates their key",
  usage:
    "seal FOLDER --out FOLDER | verify FOLDER | open FOLDER --out FOLDER | rotate FOLDER | manifest FOLDER",
  examples: [
    "npm run weights -- seal ./deepseek-llm-7b-chat --out ./sealed --key keys",
    "npm run weights -- verify ./sealed --key keys",
    "npm run weights -- open ./sealed --out /dev/shm/model --key keys",
    "npm run weights -- rotate ./sealed --key old-keys --to-key new-keys",
    "npm run weights -- seal ./model --out ./sealed --kms arn:aws:kms:eu-central-1:111122223333:key/ID",
    "npm run weights -- manifest ./model",
    "npm run weights -- verify ./sealed --transit https://openbao.example.org:8200 --transit-key weights --token-file token",
  ],
  options: {
    out: { type: "string", value: "FOLDER", help: "where the result goes" },
    model: {
      type: "string",
      value: "NAME",
      help: "its name in the manifest (default the folder's)",
    },
    key: {
      type: "string",
      value: "FILE",
      help: "keys that wrap: lines of name:base64 of 32 bytes",
    },
    kms: {
      type: "string",
      value: "ARN",
      help: "key of AWS KMS that wraps; keys or role as AWS has it",
    },
    "to-kms": {
      type: "string",
      value: "ARN",
      help: "rotate: the key of KMS that wraps from now on",
    },
    "to-key": { type: "string", value: "FILE", help: "rotate: the keys that wrap from now on" },
    transit: { type: "string", value: "URL", help: "OpenBao or Vault whose transit engine wraps" },
    "transit-mount": { type: "string", value: "NAME", help: "of the engine (default transit)" },
    "transit-key": { type: "string", value: "NAME", help: "its key" },
    "token-file": { type: "string", value: "FILE", help: "holds the token for it" },
    "allow-disk": { type: "boolean", help: "open: also onto a disk, where clear text may stay" },
  },
  positionals: [2, 2],
  async run(call) {
    const [what = "", folder = ""] = call.positionals;
    switch (what) {
      case "seal":
        return seal(call, folder);
      case "verify":
        return open(call, folder, null);
      case "open":
        return open(call, folder, needed(call.flags, "out"));
      case "rotate":
        return rotate(call, folder);
      case "manifest":
        return manifest(call, folder);
      default:
        throw new UserError(`there is nothing called "${what}" here`, {
          where: "command line",
          fix: `npm run weights -- ${verb.usage}`,
        });
    }
  },
};

/** For a model that is kept in clear: its digest stands in the settings, and proves every file. */
async function manifest({ flags }: Call, folder: string): Promise<number> {
  const name = flags.text("model") ?? path.basename(path.resolve(folder));
  const files = await watched("Reading", (told) => describedFiles(folder, [MANIFEST], told));
  const text = plainManifestText(name, files);
  await writeFile(path.join(folder, MANIFEST), text);
  process.stdout.write(`${sha256(text)}  ${path.join(folder, MANIFEST)}\n`);
  return 0;
}

async function seal({ flags, environment }: Call, folder: string): Promise<number> {
  const wrapping = wrappingOf(flags, environment.variables);
  const name = flags.text("model") ?? folder.split("/").filter(Boolean).at(-1) ?? "model";
  const whole = await sizeOf(folder);
  const out = needed(flags, "out");
  const manifest = await watched(`Sealing ${megabytes(whole)}`, (told) =>
    sealModel(folder, out, name, wrapping, told),
  );
  process.stdout.write(
    `${manifest.files.length} files of ${manifest.model} sealed, data key wrapped by ${wrapping.by}\n`,
  );
  tellDigest(manifest);
  return 0;
}

async function open(
  { flags, environment }: Call,
  folder: string,
  out: string | null,
): Promise<number> {
  const wrapping = wrappingOf(flags, environment.variables);
  if (out !== null) await refuseDisk(out, flags.on("allow-disk"));
  const title = out === null ? "Verifying" : "Opening";
  const manifest = await watched(title, (told) => openModel(folder, out, wrapping, told));
  const whole = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  process.stdout.write(
    `${manifest.model}: ${manifest.files.length} files, ${megabytes(whole)}, all as they were sealed\n`,
  );
  tellDigest(manifest);
  return 0;
}

async function rotate({ flags, environment }: Call, folder: string): Promise<number> {
  const former = wrappingOf(flags, environment.variables);
  const next = nextWrapping(flags, environment.variables) ?? former;
  const manifest = await rewrapModel(folder, former, next);
  process.stdout.write(`the data key is wrapped anew by ${next.by}; no weight was touched\n`);
  tellDigest(manifest);
  return 0;
}

/** For settings: the same at every site, whoever's key wraps there. */
function tellDigest(manifest: Manifest): void {
  process.stdout.write(`weights.manifest: sha256:${sealedDigest(manifest)}\n`);
}

function nextWrapping(flags: Flags, variables: Variables): KeyWrapping | undefined {
  const [file, key] = [flags.text("to-key"), flags.text("to-kms")];
  if (key !== undefined) return keyServiceWrapping({ key, credentials: awsCredentials(variables) });
  return file === undefined ? undefined : fileWrapping(file);
}

function wrappingOf(flags: Flags, variables: Variables): KeyWrapping {
  const [url, key] = [flags.text("transit"), flags.text("kms")];
  if (key !== undefined) return keyServiceWrapping({ key, credentials: awsCredentials(variables) });
  if (url === undefined) return fileWrapping(needed(flags, "key"));
  const token = needed(flags, "token-file");
  if (!existsSync(token))
    throw new UserError("it is not there", { where: token, fix: "check the path" });
  return transitWrapping({
    url,
    mount: flags.text("transit-mount") ?? "transit",
    key: needed(flags, "transit-key"),
    token: readFileSync(token, "utf8").trim(),
  });
}

/** Weights in clear belong into memory: a disk keeps what was deleted. */
async function refuseDisk(folder: string, allowed: boolean): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (allowed || (await statfs(folder)).type === TMPFS) return;
  throw new UserError("it is on a disk, where clear text may stay after it is deleted", {
    where: folder,
    fix: "name a folder in memory (tmpfs, such as below /dev/shm), or add --allow-disk for an encrypted one",
  });
}

function watched<T>(
  title: string,
  work: (told: (file: string, bytes: number) => void) => Promise<T>,
): Promise<T> {
  return createProgress().step(title, (step) =>
    work((file, bytes) => step.status(`${file}, ${megabytes(bytes)}`)),
  );
}

function needed(flags: Flags, name: string): string {
  const value = flags.text(name);
  if (value !== undefined) return value;
  const option = verb.options[name];
  throw new UserError(`--${name} is missing`, {
    where: "command line",
    fix: `--${name} ${option?.value}, ${option?.help} (npm run weights -- --help shows the others)`,
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 1 })} MB`;
}
