/** Keys that end soon are counted, and those that need no care are not. */
import { expect, test } from "vitest";
import { apiKeySchema } from "./entities.ts";
import { keysEnding } from "./keys-ending.ts";

const DAY = 86_400_000;
const NOW = Date.parse("2026-11-26T00:00:00Z");
const at = (days: number) => new Date(NOW + days * DAY).toISOString();
const key = (id: string, members: object) =>
  apiKeySchema.parse({ id, principal: "p", sha256: "0".repeat(64), ...members });

test("what ends within the time counts, and the first end is told of all that end", () => {
  const keys = [
    key("in-13", { expires: at(13) }),
    key("in-14", { expires: at(14) }),
    key("in-15", { expires: at(15) }),
    key("rotate", { created: at(-85), rotateEveryDays: 90 }),
    key("never", {}),
  ];
  expect(keysEnding(keys, NOW, 14 * DAY)).toEqual({ soon: 3, earliestMs: NOW + 5 * DAY });
});

test("ended, disabled, temporary and replaced keys need nobody", () => {
  const keys = [
    key("ended", { expires: at(-1) }),
    key("off", { expires: at(1), disabled: true }),
    key("for-an-hour", { expires: at(0.04), temporaryOf: "other" }),
    key("former", { expires: at(1) }),
    key("next", { replaces: "former" }),
  ];
  expect(keysEnding(keys, NOW, 14 * DAY)).toEqual({ soon: 0, earliestMs: null });
  expect(keysEnding([], NOW, DAY)).toEqual({ soon: 0, earliestMs: null });
});
