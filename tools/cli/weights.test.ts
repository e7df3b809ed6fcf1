/** `npm run weights` on real files: a round trip, every kind of tampering, a rotated key, a transit engine. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const main = path.join(import.meta.dirname, "main.ts");
const MODEL: Readonly<Record<string, Buffer>> = {
  "config.json": Buffer.from('{"architectures":["LlamaForCausalLM"]}'),
  "model-00001-of-00002.safetensors": randomBytes(2_500_000),
  "tokenizer/empty.txt": Buffer.alloc(0),
};

let folder: string;
let memory: string;
let keys: string;
const at = (...names: string[]) => path.join(folder, ...names);

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "weights-test-"));
  memory = mkdtempSync("/dev/shm/weights-test-");
  keys = at("keys");
  writeFileSync(keys, keyLine("one"));
  mkdirSync(at("model/tokenizer"), { recursive: true });
  for (const [name, bytes] of Object.entries(MODEL)) writeFileSync(at("model", name), bytes);
});
afterEach(() => {
  for (const one of [folder, memory]) rmSync(one, { recursive: true, force: true });
});

const keyLine = (id: string) => `${id}:${randomBytes(32).toString("base64")}\n`;

/** Not at once: a server of this process may have to answer it. */
function weights(...args: string[]) {
  const words = ["--disable-warning=ExperimentalWarning", main, "weights", ...args];
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = spawn(process.execPath, words);
    const [out, err]: Buffer[][] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => out?.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err?.push(chunk));
    child.on("close", (status) => {
      const text = (pieces: Buffer[] = []) => Buffer.concat(pieces).toString("utf8");
      resolve({ status, stdout: text(out), stderr: text(err) });
    });
  });
}

const seal = (to = at("sealed")) => weights("seal", at("model"), "--out", to, "--key", keys);
const verify = () => weights("verify", at("sealed"), "--key", keys);

describe("a model", () => {
  test("is sealed, verified, and opened in memory as it was", async () => {
    const done = await seal();
    expect([done.status, done.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^3 files of model sealed, data key wrapped by file\nweights\.manifest: sha256:[0-9a-f]{64}\n$/,
      ),
    ]);
    const sealed = readdirSync(at("sealed"), { recursive: true }).join(" ");
    expect(sealed).not.toContain(".part");
    expect(readFileSync(at("sealed/config.json.sealed")).includes("Llama")).toBe(false);
    expect((await verify()).stdout).toContain("3 files, 2.5 MB, all as they were sealed");
    const opened = await weights("open", at("sealed"), "--out", memory, "--key", keys);
    expect(opened.status).toBe(0);
    for (const [name, bytes] of Object.entries(MODEL)) {
      expect(readFileSync(path.join(memory, name)).equals(bytes)).toBe(true);
    }
  });

  test("is opened onto no disk unless that is said", async () => {
    await seal();
    const words = ["open", at("sealed"), "--out", at("clear"), "--key", keys];
    const refused = await weights(...words);
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("on a disk")]);
    expect((await weights(...words, "--allow-disk")).status).toBe(0);
  });

  test("is not sealed over another one, nor with links in it", async () => {
    await seal();
    expect((await seal()).stderr).toContain("is not empty");
    symlinkSync("/etc/passwd", at("model/link"));
    expect((await seal(at("again"))).stderr).toContain("is neither file nor folder");
  });
});

test("a manifest names every file of a model in clear; the same files give the same digest", async () => {
  const manifest = () => weights("manifest", at("model"));
  const first = await manifest();
  const [digest] = first.stdout.split("  ");
  const text = readFileSync(at("model/manifest.json"), "utf8");
  expect(digest).toBe(createHash("sha256").update(text).digest("hex"));
  expect(JSON.parse(text).files.map((file: { path: string }) => file.path)).toEqual(
    Object.keys(MODEL).sort(),
  );
  expect((await manifest()).stdout).toBe(first.stdout);
  writeFileSync(at("model/config.json"), "{}");
  expect((await manifest()).stdout).not.toBe(first.stdout);
});

test("a key of KMS is used by somebody, or the fault says how to be one", async () => {
  const key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
  const { status, stderr } = await weights("verify", at("model"), "--kms", key);
  expect([status, stderr]).toEqual([
    2,
    expect.stringContaining("nothing says who this program is"),
  ]);
});

describe("what was tampered with is found:", () => {
  const tampered = async (change: () => unknown) => {
    await seal();
    await change();
    const found = await verify();
    const opened = await weights("open", at("sealed"), "--out", memory, "--key", keys);
    expect([found.status, opened.status]).toEqual([2, 2]);
    return found.stderr;
  };
  const large = "model-00001-of-00002.safetensors.sealed";
  const manifest = (change: (text: string) => string) => {
    const file = at("sealed/manifest.json");
    writeFileSync(file, change(readFileSync(file, "utf8")));
  };

  test("a byte of a file, and nothing of that file is left where it was opened", async () => {
    const text = await tampered(() => {
      const bytes = readFileSync(at("sealed", large));
      bytes.writeUInt8((bytes[2_000_000] ?? 0) ^ 1, 2_000_000);
      writeFileSync(at("sealed", large), bytes);
    });
    expect(text).toContain("does not open at chunk 1");
    expect(readdirSync(memory).filter((name) => name.startsWith("model-"))).toEqual([]);
  });

  test("a file that is gone", async () => {
    expect(await tampered(() => rmSync(at("sealed", large)))).toContain("is not there");
  });

  test("two files that changed places", async () => {
    await tampered(() => {
      renameSync(at("sealed", large), at("sealed/x"));
      renameSync(at("sealed/config.json.sealed"), at("sealed", large));
      renameSync(at("sealed/x"), at("sealed/config.json.sealed"));
    });
  });

  test("a file of an older sealing under the same keys", async () => {
    await seal(at("older"));
    await tampered(() => cpSync(at("older", large), at("sealed", large)));
  });

  test("a file that the manifest no longer names, another sum, a way out of the folder", async () => {
    const less = await tampered(() =>
      manifest((text) => {
        const { files, ...rest } = JSON.parse(text);
        return JSON.stringify({ ...rest, files: files.slice(1) });
      }),
    );
    expect(less).toContain("was changed");
    rmSync(at("sealed"), { recursive: true });
    const out = await tampered(() =>
      manifest((text) => text.replace("config.json", "../config.json")),
    );
    expect(out).toContain("files.0.path");
  });

  test("another key", async () => {
    await tampered(() => writeFileSync(keys, keyLine("one")));
  });
});

describe("a key", () => {
  test("is rotated without a weight being touched; the former one opens it no more", async () => {
    await seal();
    const digest = () =>
      readdirSync(at("sealed"), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(".sealed"))
        .map((entry) => readFileSync(path.join(entry.parentPath, entry.name)))
        .map((bytes) => createHash("sha256").update(bytes).digest("hex"));
    const before = digest();
    const next = at("next");
    writeFileSync(next, keyLine("two"));
    const rotated = await weights("rotate", at("sealed"), "--key", keys, "--to-key", next);
    expect([rotated.status, digest()]).toEqual([0, before]);
    expect((await verify()).status).toBe(2);
    expect((await weights("verify", at("sealed"), "--key", next)).status).toBe(0);
  });

  test("stays in a transit engine; its token is sent to it alone", async () => {
    const engine = await transitEngine("the-token");
    const words = [
      "--transit",
      engine.url,
      "--transit-key",
      "weights",
      "--token-file",
      at("token"),
    ];
    writeFileSync(at("token"), "the-token\n");
    const sealed = await weights("seal", at("model"), "--out", at("sealed"), ...words);
    expect([sealed.status, sealed.stdout]).toEqual([0, expect.stringContaining("transit/weights")]);
    expect(readFileSync(at("sealed/manifest.json"), "utf8")).toContain("vault:v1:");
    expect((await weights("verify", at("sealed"), ...words)).status).toBe(0);
    writeFileSync(at("token"), "another");
    const refused = await weights("verify", at("sealed"), ...words);
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("answered 403")]);
    await engine.close();
    expect((await weights("verify", at("sealed"), ...words)).stderr).toContain("does not answer");
  });

  test("that is no key is told in one screen", async () => {
    writeFileSync(keys, "one:short\n");
    const { status, stderr } = await seal();
    expect([status, stderr.split("\n").length < 8, existsSync(at("sealed"))]).toEqual([
      2,
      true,
      false,
    ]);
    expect((await weights("seal", at("model"))).status).toBe(2);
  });
});

/** The two calls of the transit engine that are used (Vault and OpenBao HTTP API, /v1/transit). */
async function transitEngine(token: string) {
  const kept = new Map<string, string>();
  const server = http.createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = JSON.parse(Buffer.concat(pieces).toString("utf8")) as Record<string, string>;
    const answer = (status: number, data: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(data));
    if (request.headers["x-vault-token"] !== token) return answer(403, { errors: ["denied"] });
    if (request.url === "/v1/transit/encrypt/weights") {
      const ciphertext = `vault:v1:${randomBytes(12).toString("hex")}`;
      kept.set(ciphertext, body["plaintext"] ?? "");
      return answer(200, { data: { ciphertext } });
    }
    const plaintext = kept.get(body["ciphertext"] ?? "");
    return plaintext === undefined ? answer(400, {}) : answer(200, { data: { plaintext } });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise((resolve) => server.close(resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
