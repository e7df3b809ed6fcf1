/** Documents are held against the program: commands are verbs with options that they take, files are there. */
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { GENERAL, type Verb } from "./verb.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** Whatever follows a command in its line: another one, a comment, the end of a quotation or of a cell. */
const COMMAND = /npm run (?:-s )?([a-z][a-z:-]*)(?: -- ([^`|#;&)>\n]*))?/g;

const verbs = new Map<string, Verb>();
for (const file of globSync("*.ts", { cwd: path.join(import.meta.dirname, "verbs") })) {
  const { verb }: { verb: Verb } = await import(`./verbs/${path.parse(file).name}.ts`);
  verbs.set(verb.name, verb);
}

function faultsIn(text: string): string[] {
  return [...text.matchAll(COMMAND)].flatMap(([command, name = "", rest = ""]) => {
    const verb = verbs.get(name);
    if (verb === undefined) return [`${command}: no verb`];
    if (verb.passThrough === true) return [];
    const known = { ...verb.options, ...GENERAL };
    return [...rest.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)]
      .filter(([, option = ""]) => !(option in known))
      .map(([option]) => `${command.trim()}: no option ${option}`);
  });
}

const tracked = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" })
  .trim()
  .split("\n");
const documents = tracked
  .filter((file) => /\.md$|^ci\//.test(file))
  .map((file) => ({ file, text: readFileSync(path.join(root, file), "utf8") }));

test("documents name verbs and options that there are", () => {
  const faults = documents.flatMap(({ file, text }) =>
    faultsIn(text).map((fault) => `${file}: ${fault}`),
  );
  expect(faults).toEqual([]);
});

test("so do the examples of every verb", () => {
  for (const { examples } of verbs.values()) expect(examples.flatMap(faultsIn)).toEqual([]);
});

test("the README lists every verb but those of whoever changes the program", () => {
  const readme = readFileSync(path.join(root, "README.md"), "utf8");
  const listed = new Set([...readme.matchAll(COMMAND)].map(([, name]) => name));
  const unlisted = [...verbs.keys()].filter((name) => !listed.has(name)).sort();
  expect(unlisted).toEqual(["check", "format", "test"]);
});

test("an unknown verb or option is found", () => {
  expect(faultsIn("`npm run upp -- local`, then `npm run -s outputs -- local --jsn | jq`")).toEqual(
    ["npm run upp -- local: no verb", "npm run -s outputs -- local --jsn: no option --jsn"],
  );
});

test("documents name files and folders that there are", () => {
  const rooms = new Set(tracked.flatMap((file) => /^[\w-]+(?=\/)/.exec(file) ?? []));
  const place = new RegExp(String.raw`(?<![\w/.<-])(?:${[...rooms].join("|")})/[\w./-]*\w`, "g");
  const faults = documents
    .filter(({ file }) => file.endsWith(".md"))
    .flatMap(({ file, text }) =>
      [...text.matchAll(place)]
        .filter(([named]) => !tracked.some((one) => one === named || one.startsWith(`${named}/`)))
        .map(([named]) => `${file}: ${named}`),
    );
  expect(faults).toEqual([]);
});
