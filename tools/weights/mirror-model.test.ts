/** A copy of another site's weights over TLS: whole and proved, or what was there before. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createAuthority, issueCertificate } from "../pki/authority.ts";
import { fileWrapping } from "./key-wrapping.ts";
import { parseManifest, sealedDigest } from "./manifest.ts";
import { mirrorModel } from "./mirror-model.ts";
import { plainManifestText } from "./plain-manifest.ts";
import { openModel, rewrapModel, sealModel } from "./sealed-model.ts";
import { folderSource } from "./weights-source.ts";

const LARGE = "model-00001-of-00001.safetensors";
const FILES: Readonly<Record<string, Buffer>> = {
  "config.json": Buffer.from("{}"),
  [LARGE]: randomBytes(3_000_000),
  "folder/tokenizer.json": randomBytes(1_000),
};
const digest = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex");
const MANIFEST = plainManifestText(
  "small",
  Object.entries(FILES).map(([name, bytes]) => ({
    path: name,
    bytes: bytes.length,
    sha256: digest(bytes),
  })),
);

let home: string;
let folder: string;
let server: https.Server;
let objects: Map<string, Buffer>;
/** Object and where it was asked from. */
let answered: string[];
/** Of the large file: bytes after which nothing more comes. */
let held: number | null;
const at = (...names: string[]) => path.join(folder, ...names);

function answer(request: IncomingMessage, response: ServerResponse): void {
  const name = decodeURIComponent(new URL(request.url ?? "", "https://s3").pathname);
  const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  answered.push(`${name} ${first}`);
  const whole = objects.get(name);
  if (request.method !== "GET") return void response.writeHead(405).end();
  if (!request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 Credential=MIRROR/")) {
    return void response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
  }
  if (whole === undefined) {
    return void response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>");
  }
  if (first > 0 && first >= whole.length) return void response.writeHead(416).end();
  response.writeHead(first === 0 ? 200 : 206, { "content-length": whole.length - first });
  if (held === null || !name.endsWith(LARGE)) response.end(whole.subarray(first));
  else response.write(whole.subarray(first, first + held));
}

beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), "mirror-test-"));
  const authority = await createAuthority("test", 1);
  const { certificate, key } = await issueCertificate(authority, {
    commonName: "objects",
    dnsNames: ["localhost"],
    addresses: ["127.0.0.1"],
    usage: "server",
    days: 1,
  });
  writeFileSync(path.join(home, "ca.crt"), authority.certificate);
  mkdirSync(path.join(home, "keys"));
  writeFileSync(path.join(home, "keys/ACCESS_KEY_ID"), "MIRROR\n");
  writeFileSync(path.join(home, "keys/ACCESS_SECRET_KEY"), "secret\n");
  server = https.createServer({ cert: certificate, key, minVersion: "TLSv1.3" }, answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(home, { recursive: true, force: true });
});

beforeEach(() => {
  folder = mkdtempSync(path.join(home, "site-"));
  answered = [];
  held = null;
  objects = new Map(
    Object.entries({ ...FILES, "manifest.json": Buffer.from(MANIFEST) }).map(([name, bytes]) => [
      `/weights/small/${name}`,
      bytes,
    ]),
  );
});

interface Ended {
  readonly code: number | null;
  readonly last: Record<string, unknown>;
}

/** The program as the Job has it: the store's authority and the keys are files. */
function begin(variables: Record<string, string> = {}): {
  child: ChildProcess;
  ended: Promise<Ended>;
} {
  const program = path.join(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
    env: {
      WEIGHTS_MIRROR: "true",
      WEIGHTS_FROM: "s3://weights/small",
      WEIGHTS_TO: at("to"),
      WEIGHTS_MANIFEST_SHA256: digest(MANIFEST),
      WEIGHTS_KEYS_FOLDER: path.join(home, "keys"),
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL_S3: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      NODE_EXTRA_CA_CERTS: path.join(home, "ca.crt"),
      ...variables,
    },
  });
  const pieces: Buffer[] = [];
  child.stdout?.on("data", (piece: Buffer) => pieces.push(piece));
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => {
      const lines = Buffer.concat(pieces).toString("utf8").trimEnd().split("\n");
      resolve({ code, last: JSON.parse(lines.at(-1) || "{}") });
    });
  });
  return { child, ended };
}
const run = (variables?: Record<string, string>) => begin(variables).ended;

function expectWhole(): void {
  for (const [name, bytes] of Object.entries({
    ...FILES,
    "manifest.json": Buffer.from(MANIFEST),
  })) {
    expect(readFileSync(at("to", name)).equals(bytes), name).toBe(true);
    // The engine may be another user than the copier.
    expect(statSync(at("to", name)).mode & 0o044, name).toBe(0o044);
  }
  expect(existsSync(at("to/.mirror"))).toBe(false);
}

describe("the program", () => {
  test("copies all of it once; the next time it asks for the manifest alone", async () => {
    expect(await run()).toMatchObject({ code: 0, last: { model: "small", files: 3, fetched: 3 } });
    expectWhole();
    answered = [];
    expect(await run()).toMatchObject({ code: 0, last: { fetched: 0 } });
    expect(answered).toEqual(["/weights/small/manifest.json 0"]);
  });

  test("killed in the middle of a file it goes on there, and nothing had appeared", async () => {
    held = 1_500_000;
    const { child, ended } = begin();
    const part = at("to/.mirror", `${LARGE}.part`);
    await vi.waitFor(() => expect(statSync(part).size).toBeGreaterThan(0), {
      timeout: 60_000,
      interval: 50,
    });
    child.kill("SIGKILL");
    await ended;
    expect(existsSync(at("to", LARGE))).toBe(false);
    const there = statSync(part).size;
    held = null;
    answered = [];
    expect(await run()).toMatchObject({ code: 0, last: { files: 3, fetched: 3 } });
    expectWhole();
    expect(answered).toContain(`/weights/small/${LARGE} ${there}`);
  });

  test("a changed byte at the other site leaves this one's copy as it was", async () => {
    await run();
    const changed = Buffer.from(FILES[LARGE] ?? "");
    changed.writeUInt8(changed.readUInt8(77) ^ 1, 77);
    objects.set(`/weights/small/${LARGE}`, changed);
    // As though it had never been told that it is whole.
    rmSync(at("to/.mirrored"));
    rmSync(at("to", LARGE));
    writeFileSync(at("to", LARGE), "damaged");
    const { code, last } = await run();
    expect([code, last["message"], last["where"]]).toEqual([
      2,
      "it is not the file that the manifest names",
      `s3://weights/small/${LARGE}`,
    ]);
    expect(readFileSync(at("to", LARGE), "utf8")).toBe("damaged");
  });

  test("another manifest, a stranger's store and other keys are refused", async () => {
    expect((await run({ WEIGHTS_MANIFEST_SHA256: digest("other") })).last).toMatchObject({
      message: "it is not the manifest that was asked for",
    });
    expect((await run({ NODE_EXTRA_CA_CERTS: "" })).last).toMatchObject({ level: "error" });
    mkdirSync(at("keys"));
    for (const name of ["ACCESS_KEY_ID", "ACCESS_SECRET_KEY"]) writeFileSync(at("keys", name), "X");
    const refused = await run({ WEIGHTS_KEYS_FOLDER: at("keys") });
    expect(refused.last["message"]).toContain("AccessDenied");
    expect(existsSync(at("to/manifest.json"))).toBe(false);
  });
});

describe("sealed", () => {
  const wrappings = () => {
    const lines = ["one", "two"].map((id) => `${id}:${randomBytes(32).toString("base64")}\n`);
    return lines.map((line, index) => {
      writeFileSync(at(`key-${index}`), line);
      return fileWrapping(at(`key-${index}`));
    }) as [ReturnType<typeof fileWrapping>, ReturnType<typeof fileWrapping>];
  };
  /** The primary's sealed model, and at this site the manifest alone, wrapped by its own key. */
  const prepared = async () => {
    const [primary, own] = wrappings();
    mkdirSync(at("model/folder"), { recursive: true });
    for (const [name, bytes] of Object.entries(FILES)) writeFileSync(at("model", name), bytes);
    await sealModel(at("model"), at("primary"), "small", primary, () => {});
    const before = readFileSync(at("primary/manifest.json"));
    await rewrapModel(at("primary"), primary, own);
    mkdirSync(at("to"));
    const manifest = readFileSync(at("primary/manifest.json"), "utf8");
    writeFileSync(at("to/manifest.json"), manifest);
    writeFileSync(at("primary/manifest.json"), before);
    const mirror = () =>
      mirrorModel({
        source: folderSource(at("primary")),
        to: at("to"),
        manifest: sealedDigest(parseManifest(manifest)),
        wrapping: own,
        told: () => {},
      });
    return { mirror, own };
  };

  test("files stay sealed, and are opened by this site's own key", async () => {
    const { mirror, own } = await prepared();
    expect(await mirror()).toEqual({ model: "small", files: 3, fetched: 3 });
    expect(readFileSync(at("to", `${LARGE}.sealed`)).includes(FILES[LARGE] ?? "")).toBe(false);
    await openModel(at("to"), at("opened"), own, () => {});
    expect(readFileSync(at("opened", LARGE)).equals(FILES[LARGE] ?? Buffer.alloc(0))).toBe(true);
    expect(await mirror()).toMatchObject({ fetched: 0 });
  });

  test("a changed byte is found, and without this site's manifest nothing is copied", async () => {
    const { mirror } = await prepared();
    const name = at("primary", `${LARGE}.sealed`);
    const bytes = readFileSync(name);
    bytes.writeUInt8(bytes.readUInt8(2_000_000) ^ 1, 2_000_000);
    writeFileSync(name, bytes);
    await expect(mirror()).rejects.toThrow("is not the file that the manifest names");
    expect(existsSync(at("to", `${LARGE}.sealed`))).toBe(false);
    rmSync(at("to/manifest.json"));
    await expect(mirror()).rejects.toMatchObject({ fix: expect.stringContaining("rotate") });
  });

  test("what was left of another object is fetched anew", async () => {
    const { mirror } = await prepared();
    mkdirSync(at("to/.mirror"));
    writeFileSync(at("to/.mirror", `${LARGE}.sealed.part`), "of another day");
    expect(await mirror()).toMatchObject({ fetched: 3 });
  });
});
