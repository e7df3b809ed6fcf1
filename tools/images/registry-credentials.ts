/** Credentials for a registry, from where Docker and its relatives keep them. Never printed. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { UserError } from "../base/user-error.ts";

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

const fileSchema = z.object({
  auths: z.record(z.string(), z.object({ auth: z.string().optional() })).optional(),
});

/** Docker Hub's entry has a name of its own. */
const DOCKER_HUB_ENTRY = "https://index.docker.io/v1/";

export async function readCredentials(
  variables: Readonly<Record<string, string>>,
  host: string,
): Promise<Credentials | undefined> {
  const folder = variables["DOCKER_CONFIG"] ?? path.join(variables["HOME"] ?? "/root", ".docker");
  const file = path.join(folder, "config.json");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { auths } = parse(text, file);
  const names = [host, `https://${host}`, ...(host === "docker.io" ? [DOCKER_HUB_ENTRY] : [])];
  const auth = names.map((name) => auths?.[name]?.auth).find((one) => one !== undefined);
  if (auth === undefined) return undefined;
  const plain = Buffer.from(auth, "base64").toString("utf8");
  const colon = plain.indexOf(":");
  return { user: plain.slice(0, colon), password: plain.slice(colon + 1) };
}

function parse(text: string, file: string): z.output<typeof fileSchema> {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    throw new UserError("The file with registry credentials cannot be read", {
      where: file,
      fix: "Log in again (docker login, podman login), or set DOCKER_CONFIG to another folder.",
    });
  }
}
