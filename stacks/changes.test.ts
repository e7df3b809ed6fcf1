/** Every setting of the schema is changed by one of the tables whose previews are kept. */
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { settingsIn } from "../config/reference.ts";
import { type SectionName, sections } from "../config/schema.ts";
import { changed } from "../config/test-settings.ts";
import { valuesOf } from "./test-changes.ts";
import { CHANGES_OF_SERVICES } from "./test-changes-of-services.ts";
import { CHANGES_OF_SITES } from "./test-changes-of-sites.ts";
import { CHANGES_ON_AWS } from "./test-changes-on-aws.ts";

/** Needs the outputs of another stack: other-stack.test.ts shows it. */
const ELSEWHERE = "site.other.read";

test("a setting that no table changes is found", async () => {
  const changes = [...CHANGES_OF_SITES, ...CHANGES_OF_SERVICES, ...CHANGES_ON_AWS];
  const paths = await Promise.all(
    changes.map(async ([stack, at, value]) => {
      const values = await valuesOf(stack);
      return differences(values, changed(values, at, value));
    }),
  );
  const left = settings().filter(
    (setting) => setting !== ELSEWHERE && !paths.flat().some((at) => patternOf(setting).test(at)),
  );
  expect(left).toEqual([]);
});

/** Paths of what is not the same in both. */
function differences(one: unknown, other: unknown, at = ""): string[] {
  if (isDeepStrictEqual(one, other)) return [];
  if (typeof other !== "object" || other === null) return [at];
  const keys = new Set([...Object.keys(Object(one)), ...Object.keys(other)]);
  return [...keys].flatMap((key) => {
    const inner = at === "" ? key.replace("deepseek:", "") : `${at}.${key}`;
    return differences(Reflect.get(Object(one), key), Reflect.get(other, key), inner);
  });
}

/** Every setting once. Images and certificates are alike, whatever program they are of. */
function settings(): string[] {
  const paths = (Object.keys(sections) as SectionName[]).flatMap((name) =>
    settingsIn(name).map((row) => `${name}.${row.path}`.replace(/\.$/, "").replace(".[]", "[]")),
  );
  const alike = /^(images|certificates\.names)\.[^.]+/;
  return [...new Set(paths.map((at) => at.replace(alike, "$1.<name>")))];
}

function patternOf(setting: string): RegExp {
  const escaped = setting
    .replaceAll("[]", ".0")
    .split(".")
    .map((step) => (step === "0" ? "\\d+" : step === "<name>" ? "[^.]+" : step));
  return new RegExp(`^${escaped.join("\\.")}(\\.|$)`);
}
