/**
 * The repository checks itself: arrows, cycles, orphans, sizes, banned reads and words. Each
 * message says the file, the line and the way out.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ARROWS, ENTRY_POINTS, ENVIRONMENT_READERS, isTest, mayImport } from "./arrows.ts";
import { missingEntries } from "./complete-lock.ts";
import { findCycles } from "./graph.ts";
import { listSources, parseSource, readSource } from "./source-tree.ts";

const root = path.resolve(import.meta.dirname, "../..");
const sources = listSources(root).map((file) => readSource(root, file));
const known = new Set(sources.map((source) => source.file));
const production = sources.filter((source) => !isTest(source.file));

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;

describe("the tree", () => {
  test("imports follow the arrows", () => {
    const wrong = production.flatMap((source) =>
      source.imports
        .filter(
          (imported) => known.has(imported.target) && !mayImport(source.file, imported.target),
        )
        .map((imported) => `${source.file}:${imported.line} must not import ${imported.target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("docs/architecture.md has the same arrows, but those inside of the gateway", () => {
    const page = readFileSync(path.join(root, "docs/architecture.md"), "utf8");
    const written = [...page.matchAll(/^\| (`.+\/`) \| (.+?) \|/gm)].flatMap(
      ([, names = "", knows = ""]) =>
        [...names.matchAll(/`(.+?)\/`/g)].map(([, room = ""]) => [room, arrowsOf(room, knows)]),
    );
    const arrows = Object.entries(ARROWS)
      .filter(([room]) => !room.startsWith("gateway-image/src"))
      // Of all tools only their programs are named there.
      .map(([room, targets]) => [
        room,
        targets.filter((one) => room !== "tools/cli" || !one.startsWith("tools/")).toSorted(),
      ]);
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(arrows));
  });

  test("relative imports name an existing file", () => {
    const wrong = sources.flatMap((source) =>
      source.imports
        .filter((imported) => /^[a-z][^:]*\/.*\.(ts|js|mjs)$/.test(imported.target))
        .filter((imported) => !known.has(imported.target) && isOurs(imported.target))
        .map((imported) => `${source.file}:${imported.line} imports ${imported.target}: not there`),
    );
    expect(wrong).toEqual([]);
  });

  test("every package that is imported is declared", () => {
    const declared = (manifest: string) => {
      const found = JSON.parse(readFileSync(path.join(root, manifest), "utf8"));
      return new Set(
        Object.keys({
          ...found.dependencies,
          ...found.devDependencies,
          ...found.optionalDependencies,
        }),
      );
    };
    const rootPackages = declared("package.json");
    const workspaces = new Map(
      ["gateway-image", "policies"].map((name) => [name, declared(`${name}/package.json`)]),
    );
    const wrong = sources.flatMap((source) => {
      const workspace = workspaces.get(source.file.split("/")[0] ?? "");
      const allowed = workspace ?? rootPackages;
      return source.imports
        .map((imported) => packageOf(imported.target))
        .filter((name) => name !== undefined && !allowed.has(name))
        .filter((name) => !(isTest(source.file) && rootPackages.has(name ?? "")))
        .map((name) => `${source.file} imports ${name}, which no manifest declares`);
    });
    expect(wrong).toEqual([]);
  });

  test("every package of the program's own is imported", () => {
    // These are run or looked up rather than imported.
    const tools = new Set([
      "@biomejs/biome",
      "typescript",
      "typescript7",
      "swagger-ui-dist",
      "redoc",
    ]);
    const imported = new Set(
      sources.flatMap((source) => source.imports.map((i) => packageOf(i.target))),
    );
    const unused = ["package.json", "gateway-image/package.json", "policies/package.json"].flatMap(
      (manifest) => {
        const found = JSON.parse(readFileSync(path.join(root, manifest), "utf8"));
        return Object.keys({ ...found.dependencies, ...found.devDependencies })
          .filter((name) => !name.startsWith("@types/") && !tools.has(name) && !imported.has(name))
          .map((name) => `${manifest}: ${name}`);
      },
    );
    expect(unused).toEqual([]);
  });

  test("has no import cycle, of types either", () => {
    const graph = new Map(
      production.map((source) => [
        source.file,
        source.imports.filter((i) => known.has(i.target)).map((i) => i.target),
      ]),
    );
    expect(findCycles(graph)).toEqual([]);
  });

  test("has no file that nothing imports", () => {
    const imported = new Set(sources.flatMap((source) => source.imports.map((i) => i.target)));
    const orphans = sources
      .map((source) => source.file)
      .filter((file) => !imported.has(file) && !ENTRY_POINTS.some((entry) => entry.test(file)));
    expect(orphans).toEqual([]);
  });

  test("exports nothing that no other file takes", () => {
    const taken = new Map<string, Set<string> | null>();
    for (const { target, names } of sources.flatMap((source) => source.imports)) {
      const before = taken.get(target);
      taken.set(
        target,
        names === null || before === null ? null : new Set([...(before ?? []), ...names]),
      );
    }
    // What the SDK exports is for programs elsewhere.
    const wrong = sources
      .filter(({ file }) => ![...ENTRY_POINTS, /^sdk\//].some((entry) => entry.test(file)))
      .flatMap(({ file, exports }) =>
        exports
          .filter(({ name }) => taken.get(file)?.has(name) === false)
          .map(({ name, line }) => `${file}:${line} exports ${name}, which no other file takes`),
      );
    expect(wrong).toEqual([]);
  });

  test("has no barrel and no drawer", () => {
    const drawers = sources.filter((s) =>
      /(^|\/)(utils?|helpers?|common|misc)(\/|\.ts$)/.test(s.file),
    );
    const barrels = production.filter((source) => {
      const statements = source.text
        .split("\n")
        .filter((l) => /^\s*(import|export|const|function|class|interface|type)\b/.test(l));
      return statements.length > 1 && statements.every((l) => /^export .* from /.test(l));
    });
    expect([...drawers, ...barrels].map((source) => source.file)).toEqual([]);
  });
});

describe("sizes", () => {
  test(`no file is longer than ${FILE_LINES_MAX} lines`, () => {
    const long = sources.filter((source) => source.lines > FILE_LINES_MAX);
    expect(long.map((source) => `${source.file}: ${source.lines} lines`)).toEqual([]);
  });

  test(`no function is longer than ${FUNCTION_LINES_MAX} lines`, () => {
    const long = production.flatMap((source) =>
      source.functions
        .filter((found) => found.lines > FUNCTION_LINES_MAX)
        .map((found) => `${source.file}:${found.line} ${found.name}: ${found.lines} lines`),
    );
    expect(long).toEqual([]);
  });
});

describe("banned", () => {
  test("process.env is read only where values enter a program", () => {
    const wrong = sources
      .filter((source) => !ENVIRONMENT_READERS.some((reader) => reader.test(source.file)))
      .flatMap((source) => source.environmentReads.map((line) => `${source.file}:${line}`));
    expect(wrong).toEqual([]);
  });

  test("no suppressed check without its reason", () => {
    const wrong = sources.flatMap((source) =>
      source.text.split("\n").flatMap((text, index) => {
        const bare = /@ts-(ignore|nocheck|expect-error)\s*$|biome-ignore\s+\S+\s*$/.test(text);
        return bare && source.file !== "tools/tidy/tidy.test.ts"
          ? [`${source.file}:${index + 1}`]
          : [];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("image references with a version stand in config/versions.json only", () => {
    const reference =
      /\b(docker\.io|quay\.io|ghcr\.io|nvcr\.io|registry\.k8s\.io)\/[\w./-]+[:@][\w]/;
    const wrong = production.flatMap((source) =>
      source.text.split("\n").flatMap((line, index) => {
        const comment = /^\s*(\*|\/\/|\/\*)/.test(line);
        return reference.test(line) && !comment ? [`${source.file}:${index + 1}`] : [];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("what a component is given has its default in config/, where defaults have sources", () => {
    const given = /\bargs(\.\w+)+ \?\? (\d|"[^"])/;
    const wrong = production
      .filter(({ file }) => file.startsWith("components/"))
      .flatMap(({ file, text }) =>
        text.split("\n").flatMap((line, at) => (given.test(line) ? [`${file}:${at + 1}`] : [])),
      );
    expect(wrong).toEqual([]);
  });

  test("no path of one machine in any file", () => {
    const machinePath = ["/work", "main"].join("/");
    // git grep ends with 1 where nothing was found, which is what we want.
    const found = spawnSync("git", ["grep", "-nIl", "-e", machinePath], {
      cwd: root,
      encoding: "utf8",
    });
    expect(found.stdout).toBe("");
  });

  test("the lock file names no registry", () => {
    const lock = readFileSync(path.join(root, "package-lock.json"), "utf8");
    expect(lock.match(/"resolved": "https?:/g) ?? []).toEqual([]);
  });

  test("the lock file has the optional packages of every platform", () => {
    const lock = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8"));
    // Mend it with: node tools/tidy/complete-lock.ts
    expect(Object.keys(missingEntries(lock.packages))).toEqual([]);
  });
});

describe("the checker itself", () => {
  test("finds a cycle, a long function and a read of the environment", () => {
    expect(
      findCycles(
        new Map([
          ["a", ["b"]],
          ["b", ["a"]],
          ["c", ["a"]],
        ]),
      ),
    ).toEqual([["a", "b"]]);
    const body = Array.from({ length: 80 }, () => "  x();").join("\n");
    const source = parseSource("tools/base/x.ts", `function f() {\n${body}\n}\nprocess.env.A;`);
    expect(source.functions[0]).toMatchObject({ name: "f", lines: 82 });
    expect(source.environmentReads).toEqual([83]);
  });

  test("tells what a file exports from what it keeps, and what another takes of it", () => {
    const given = parseSource(
      "a/x.ts",
      "export const A = 1;\nconst B = 2;\nexport function c() {}",
    );
    expect(given.exports.map(({ name }) => name)).toEqual(["A", "c"]);
    const taking = 'import { A as own } from "./x.ts";\nimport * as all from "./x.ts";';
    expect(parseSource("a/y.ts", taking).imports.map(({ names }) => names)).toEqual([["A"], null]);
  });

  test("knows an arrow that is not drawn", () => {
    expect(mayImport("stacks/local.ts", "components/edge.ts")).toBe(true);
    expect(mayImport("components/edge.ts", "stacks/local.ts")).toBe(false);
    expect(mayImport("tools/engine/engine.ts", "tools/cluster/cluster.ts")).toBe(false);
    expect(mayImport("policies/pack.ts", "components/edge.ts")).toBe(false);
  });
});

/** Of a row of the page: neighbours by their names, others by their paths in code marks. */
function arrowsOf(room: string, knows: string): string[] {
  const [outside = "", gateway = ""] = knows.split("the gateway's ");
  const words = (text: string) => [...text.matchAll(/[a-z][\w/-]*/g)].map(([word]) => word);
  const found = words(outside.replace(/nothing.*|all of tools/, "")).map((word) => {
    if (word === "sizing") return "components/sizing";
    return room.startsWith("tools/") && !outside.includes(`\`${word}\``) ? `tools/${word}` : word;
  });
  return [...found, ...words(gateway).map((word) => `gateway-image/src/${word}`)]
    .filter((one) => one !== room)
    .toSorted();
}

/** The npm package of an import; undefined for files of ours and for Node's own modules. */
function packageOf(target: string): string | undefined {
  if (known.has(target) || target.startsWith("node:") || /\.(ts|js|mjs|json)$/.test(target)) {
    return undefined;
  }
  const parts = target.split("/");
  return target.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}

function isOurs(target: string): boolean {
  return /^(stacks|components|config|observability|policies|gateway-image|tools)\//.test(target);
}
