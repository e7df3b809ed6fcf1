import { expect, test } from "vitest";
import { phasesOf } from "./preview-phases.ts";

const command = { program: "/x/tools/cli/main.ts", started: 1_000, ended: 4_000 };
const program = {
  ...{ program: "/x/cmd/run/index.js", started: 1_500, ended: 3_900 },
  ...{ entry: 1_800, first: 2_900, last: 3_700, registrations: 83 },
};

test("phases follow each other from the command's start to its end", () => {
  const { phases, registrations } = phasesOf([program, command]);
  expect(phases).toEqual({
    command: 500,
    "program start": 300,
    imports: 1_100,
    registrations: 800,
    display: 300,
  });
  expect(Object.values(phases).reduce((sum, ms) => sum + ms)).toBe(command.ended - command.started);
  expect(registrations).toBe(83);
});

test("a preview whose program never registered anything is no measurement", () => {
  const { first: _, ...silent } = program;
  expect(() => phasesOf([silent, command])).toThrow(/first registration/);
  expect(() => phasesOf([program])).toThrow(/first registration/);
});
