/** A model is brought whole and as its manifest names it, or not at all. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readConfig } from "./config.ts";
import { fileWrapping } from "./key-wrapping.ts";
import { parseManifest, sealedDigest } from "./manifest.ts";
import { plainManifestText } from "./plain-manifest.ts";
import { bringFile, prepareModel } from "./prepare-model.ts";
import { rewrapModel, sealModel } from "./sealed-model.ts";

const FILES: Readonly<Record<string, Buffer>> = {
  "config.json": Buffer.from("{}"),
  "model-00001-of-00002.safetensors": randomBytes(3_000_000),
  "folder/tokenizer (1).json": randomBytes(1_000),
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

let folder: string;
let objects: Map<string, Buffer>;
let answered: string[];
/** Objects that break off once, after so many bytes. */
let broken: Map<string, number>;
let server: http.Server;
let variables: Record<string, string>;
const at = (...names: string[]) => path.join(folder, ...names);

/** S3 as far as it is used: objects, ranges, and faults in its own words. */
function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const name = decodeURIComponent(new URL(request.url ?? "", "http://s3").pathname);
  answered.push(name);
  const whole = objects.get(name);
  if (!/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\//.test(request.headers.authorization ?? "")) {
    response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
    return;
  }
  if (whole === undefined) {
    response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>");
    return;
  }
  const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const cut = broken.get(name);
  broken.delete(name);
  const length = whole.length - first;
  response.writeHead(first === 0 ? 200 : 206, { "content-length": length });
  if (cut === undefined) response.end(whole.subarray(first));
  else response.write(whole.subarray(first, first + cut), () => response.destroy());
}

beforeAll(async () => {
  server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
});

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "prepare-test-"));
  answered = [];
  broken = new Map();
  objects = new Map(
    Object.entries({ ...FILES, "manifest.json": Buffer.from(MANIFEST) }).map(([name, bytes]) => [
      `/weights/small/${name}`,
      bytes,
    ]),
  );
  variables = {
    WEIGHTS_FROM: "s3://weights/small",
    WEIGHTS_TO: at("to"),
    WEIGHTS_MANIFEST_SHA256: digest(MANIFEST),
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  };
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const prepare = () => {
  const config = readConfig(variables);
  return prepareModel({
    ...config,
    // In this thread, one after the other; the program's own threads are below.
    bring: async (orders, told) => {
      for (const order of orders) told(order.file, await bringFile(config, order));
    },
    told: () => {},
  });
};
const readTo = (name: string) => readFileSync(at("to", name));

function expectWhole(): void {
  for (const [name, bytes] of Object.entries(FILES)) {
    expect(readTo(name).equals(bytes), name).toBe(true);
    expect(existsSync(at("to", `${name}.part`))).toBe(false);
  }
}

describe("from a bucket", () => {
  test("every file comes, and a second time none does", async () => {
    const whole = Object.values(FILES).reduce((sum, bytes) => sum + bytes.length, 0);
    expect(await prepare()).toMatchObject({ model: "small", files: 3, fetchedBytes: whole });
    expectWhole();
    answered = [];
    expect(await prepare()).toMatchObject({ fetchedBytes: 0, keptBytes: whole });
    expect(answered).toEqual(["/weights/small/manifest.json"]);
  });

  test("a line that breaks is taken up where it broke", async () => {
    const large = "/weights/small/model-00001-of-00002.safetensors";
    broken.set(large, 1_000_000);
    await prepare();
    expectWhole();
    expect(answered.filter((name) => name === large)).toHaveLength(2);
  });

  test("what is damaged where it shall be is fetched again; what is not named goes", async () => {
    await prepare();
    const large = "model-00001-of-00002.safetensors";
    const bytes = readTo(large);
    bytes.writeUInt8(bytes.readUInt8(77) ^ 4, 77);
    writeFileSync(at("to", large), bytes);
    writeFileSync(at("to", "old.safetensors.part"), "half");
    writeFileSync(at("to", "adapter.safetensors"), "of another model");
    expect((await prepare()).fetchedBytes).toBe(bytes.length);
    expectWhole();
    expect(existsSync(at("to", "old.safetensors.part"))).toBe(false);
    expect(existsSync(at("to", "adapter.safetensors"))).toBe(false);
  });

  test("a file that is not what the manifest names never appears", async () => {
    const large = "model-00001-of-00002.safetensors";
    objects.set(`/weights/small/${large}`, randomBytes(3_000_000));
    await expect(prepare()).rejects.toThrow("is not the file that the manifest names");
    expect(existsSync(at("to", large))).toBe(false);
    expect(existsSync(at("to", `${large}.part`))).toBe(false);
  });

  test("another manifest, none, or no right to read is refused with what to do", async () => {
    const other = MANIFEST.replace('"small"', '"other"');
    objects.set("/weights/small/manifest.json", Buffer.from(other));
    await expect(prepare()).rejects.toMatchObject({
      message: "it is not the manifest that was asked for",
      fix: expect.stringContaining(digest(other)),
    });
    objects.delete("/weights/small/manifest.json");
    await expect(prepare()).rejects.toThrow("is not there");
    variables["AWS_ACCESS_KEY_ID"] = "AKIDOTHER";
    await expect(prepare()).rejects.toThrow("the bucket answered 403 (AccessDenied)");
  });

  test("files in clear are taken only by a manifest that was named", async () => {
    delete variables["WEIGHTS_MANIFEST_SHA256"];
    await expect(prepare()).rejects.toThrow("is in clear");
  });
});

describe("sealed", () => {
  const sealTo = async () => {
    mkdirSync(at("model/folder"), { recursive: true });
    for (const [name, bytes] of Object.entries(FILES)) writeFileSync(at("model", name), bytes);
    writeFileSync(at("keys"), `one:${randomBytes(32).toString("base64")}\n`);
    await sealModel(at("model"), at("sealed"), "small", fileWrapping(at("keys")), () => {});
    delete variables["WEIGHTS_MANIFEST_SHA256"];
    Object.assign(variables, { WEIGHTS_FROM: at("sealed"), WEIGHTS_KEY_FILE: at("keys") });
  };

  test("every file is opened to what it was, and what is there already stays", async () => {
    await sealTo();
    await prepare();
    expectWhole();
    expect((await prepare()).fetchedBytes).toBe(0);
  });

  test("its digest is the same when another key wraps it, and another one for another model", async () => {
    await sealTo();
    const read = () => parseManifest(readFileSync(at("sealed/manifest.json"), "utf8"));
    const digestBefore = sealedDigest(read());
    variables["WEIGHTS_MANIFEST_SHA256"] = digestBefore;
    await prepare();
    writeFileSync(at("other-keys"), `other:${Buffer.alloc(32, 7).toString("base64")}\n`);
    await rewrapModel(at("sealed"), fileWrapping(at("keys")), fileWrapping(at("other-keys")));
    expect(sealedDigest(read())).toBe(digestBefore);
    variables["WEIGHTS_KEY_FILE"] = at("other-keys");
    expect((await prepare()).fetchedBytes).toBe(0);
    const [first, ...rest] = read().files;
    const other = { ...read(), files: [{ ...first, bytes: 1 } as never, ...rest] };
    expect(sealedDigest(other)).not.toBe(digestBefore);
  });

  test("a changed byte, a file left out and an older copy are found", async () => {
    await sealTo();
    const name = at("sealed/model-00001-of-00002.safetensors.sealed");
    const bytes = readFileSync(name);
    bytes.writeUInt8(bytes.readUInt8(2_000_000) ^ 1, 2_000_000);
    writeFileSync(name, bytes);
    await expect(prepare()).rejects.toThrow(/does not open at chunk/);
    expect(existsSync(at("to/model-00001-of-00002.safetensors"))).toBe(false);
    rmSync(name);
    await expect(prepare()).rejects.toThrow("is not there");
    variables["WEIGHTS_MANIFEST_SHA256"] = digest("the manifest of another day");
    await expect(prepare()).rejects.toThrow("is not the manifest that was asked for");
  });
});

describe("the program", () => {
  const program = path.join(import.meta.dirname, "main.ts");
  /** Not at once: the bucket of this process has to answer it. */
  const run = () =>
    new Promise<{ code: number | null; lines: Record<string, unknown>[] }>((resolve) => {
      const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
        env: { ...variables, WEIGHTS_PARALLEL: "2" },
      });
      const pieces: Buffer[] = [];
      child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
      child.on("close", (code) => {
        const text = Buffer.concat(pieces).toString("utf8").trimEnd().split("\n");
        resolve({ code, lines: text.map((line) => JSON.parse(line)) });
      });
    });

  test("brings all files in its threads, and says what it did", async () => {
    const { code, lines } = await run();
    expect([code, lines.at(-1)]).toEqual([
      0,
      expect.objectContaining({ model: "small", files: 3, keptBytes: 0 }),
    ]);
    expectWhole();
  });

  test("a fault in a thread is the program's: what, where, how to mend it, and nothing half", async () => {
    objects.set("/weights/small/config.json", Buffer.from("[]"));
    const { code, lines } = await run();
    expect([code, lines.at(-1)]).toEqual([
      2,
      expect.objectContaining({
        level: "error",
        message: "it is not the file that the manifest names",
        where: "s3://weights/small/config.json",
      }),
    ]);
    expect(existsSync(at("to/config.json"))).toBe(false);
  });
});

describe("settings", () => {
  test.each([
    [{ WEIGHTS_FROM: "https://example.org" }, "WEIGHTS_FROM"],
    [{ WEIGHTS_TO: "relative" }, "WEIGHTS_TO"],
    [{ WEIGHTS_PARALLEL: "0" }, "WEIGHTS_PARALLEL"],
    [{ WEIGHTS_MANIFEST_SHA256: "abc" }, "WEIGHTS_MANIFEST_SHA256"],
    [{ WEIGHTS_OTHER: "1" }, "OTHER"],
    [{ WEIGHTS_KMS_KEY: "k", WEIGHTS_KEY_FILE: "f" }, "more than one keeper"],
    [{ WEIGHTS_TRANSIT_URL: "https://bao.example.org" }, "WEIGHTS_TRANSIT_KEY is missing"],
    [{ WEIGHTS_TRANSIT_URL: "http://bao.example.org" }, "WEIGHTS_TRANSIT_URL"],
    [{ AWS_ACCESS_KEY_ID: undefined }, "nothing says who this program is to AWS"],
    [{ AWS_REGION: undefined }, "AWS_REGION is missing"],
  ])("%j is refused", (wrong, words) => {
    expect(() => readConfig({ ...variables, ...wrong })).toThrow(words);
  });
});
