import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ALL_RECIPES } from "./catalogue.ts";

// Goal: the Dockerfiles agree with the recipes, and name no image themselves. They are not built
// here: that takes Docker and public registries.
const root = path.resolve(import.meta.dirname, "../..");
const versions = JSON.parse(readFileSync(path.join(root, "config/versions.json"), "utf8"));

function dockerfileOf(name: string): string {
  const beside: Record<string, string> = {
    gateway: "gateway-image/Dockerfile",
    simulator: "tools/simulator/Dockerfile",
  };
  const file = beside[name] ?? `tools/images/dockerfiles/${name}.Dockerfile`;
  return readFileSync(path.join(root, file), "utf8");
}

/** The arguments of every line that begins with `instruction`. */
function all(text: string, instruction: string): string[] {
  return [...text.matchAll(new RegExp(`^${instruction} (.*)$`, "gm"))].map((one) => one[1] ?? "");
}

describe.each(ALL_RECIPES.map((recipe) => [recipe.name, recipe] as const))("%s", (name, recipe) => {
  const text = dockerfileOf(name);

  test("has the recipe's user, ports and way to stop", () => {
    expect(all(text, "USER")).toEqual([`${recipe.user.uid}:${recipe.user.uid}`]);
    expect(all(text, "EXPOSE").join(" ")).toBe(recipe.ports.join(" "));
    expect(all(text, "STOPSIGNAL")).toEqual(
      recipe.stopSignal === undefined ? [] : [recipe.stopSignal],
    );
    const [entrypoint] = all(text, "ENTRYPOINT");
    expect(path.basename(JSON.parse(entrypoint ?? "[]")[0])).toBe(
      path.basename(recipe.entrypoint[0] ?? ""),
    );
  });

  test("takes its base image from config/versions.json", () => {
    for (const argument of all(text, "ARG")) {
      expect(argument).toMatch(/^[A-Z_]+_IMAGE$/);
      const image = argument
        .replace(/_IMAGE$/, "")
        .replaceAll("_", "-")
        .toLowerCase();
      expect(Object.keys(versions.images)).toContain(image);
    }
    for (const from of all(text, "FROM"))
      expect(from).toMatch(/^(\$\{[A-Z_]+_IMAGE\}( AS \w+)?|scratch)$/);
  });

  test("copies only what is there", () => {
    const copied = all(text, "COPY(?! --from)").flatMap((line) => line.split(" ").slice(0, -1));
    for (const file of copied.filter((one) => !one.startsWith("--"))) {
      expect(existsSync(path.join(root, file)), file).toBe(true);
    }
  });
});
