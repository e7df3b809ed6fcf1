import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { ABSENT, diffText, renderedDiff } from "./rendered-diff.ts";

const file = (path: string, object: unknown) => ({ path, content: stringify(object) });
const edge = (spec: unknown) => [file("deepseek/deployment-edge.yaml", { spec })];

describe("the difference of two rendered folders", () => {
  test("is nothing for the same content, and forgets only what rolls pods", () => {
    const rolled = (text: string) =>
      edge({ template: { metadata: { annotations: { "deepseek.local/configuration": text } } } });
    expect(renderedDiff(rolled("0123456789abcdef"), rolled("fedcba9876543210"))).toEqual([]);
    const other = (text: string) => edge({ template: { metadata: { annotations: { a: text } } } });
    expect(renderedDiff(other("0"), other("1"))).toHaveLength(1);
  });

  test("names object, path and both sides", () => {
    const differences = renderedDiff(edge({ replicas: 1 }), edge({ replicas: 3 }));
    expect(differences).toEqual([
      { object: "deepseek/deployment-edge", path: "spec.replicas", left: "1", right: "3" },
    ]);
    expect(diffText(differences)).toBe("deepseek/deployment-edge  spec.replicas: 1 → 3\n");
  });

  test("tells a whole object once", () => {
    const extra = file("cluster/namespace-patient.yaml", { kind: "Namespace" });
    const both = edge({ replicas: 1 });
    expect(renderedDiff(both, [...both, extra])).toEqual([
      { object: "cluster/namespace-patient", path: "", left: ABSENT, right: "present" },
    ]);
    expect(renderedDiff([...both, extra], both)[0]).toMatchObject({ right: ABSENT });
  });

  test("compares containers and variables by name, wherever they stand", () => {
    const container = (name: string, value: string) => ({ name, env: [{ name: "A", value }] });
    const left = edge({ containers: [container("edge", "1"), container("exporter", "1")] });
    const right = edge({ containers: [container("exporter", "2"), container("edge", "1")] });
    expect(renderedDiff(left, right)).toEqual([
      {
        object: "deepseek/deployment-edge",
        path: "spec.containers.exporter.env.A.value",
        left: "1",
        right: "2",
      },
    ]);
  });

  test("shows what came into a list and what left it", () => {
    const paths = renderedDiff(edge({ args: ["a", "b"] }), edge({ args: ["a", "b", "c"] }));
    expect(paths).toMatchObject([{ path: "spec.args", left: ABSENT, right: '"c"' }]);
    const more = renderedDiff(edge({ args: ["a"] }), edge({ args: ["a", "a"] }));
    expect(more).toMatchObject([{ path: "spec.args.length", left: "1", right: "2" }]);
  });

  test("looks into JSON inside of a ConfigMap, and at other texts line by line", () => {
    const map = (data: Record<string, string>) => [
      file("deepseek/configmap-edge.yaml", { data }),
      // The same text as a file of its own: told once.
      { path: "deepseek/configmap-edge/nginx.conf", content: data["nginx.conf"] ?? "" },
    ];
    const left = map({ "tiers.json": '{"a":{"b":1}}', "nginx.conf": "one;\ntwo 1;\nthree;\n" });
    const right = map({
      "tiers.json": '{"a":{"b":2}}',
      "nginx.conf": "one;\ntwo 2;\nthree;\nfour;\n",
    });
    expect(
      renderedDiff(left, right).map(({ path, left: a, right: b }) => `${path}: ${a} ${b}`),
    ).toEqual([
      'data["nginx.conf"] (line): two 1; two 2;',
      `data["nginx.conf"] (line): ${ABSENT} four;`,
      'data["tiers.json"].a.b: 1 2',
    ]);
  });

  test("says that something is missing, whatever it is", () => {
    const [gone] = renderedDiff(edge({ a: { b: [1] } }), edge({}));
    expect(gone).toMatchObject({ path: "spec.a", left: '{"b":[1]}', right: ABSENT });
    expect(renderedDiff(edge({ a: null }), edge({}))).toMatchObject([{ left: "null" }]);
    expect(renderedDiff(edge({ a: "" }), edge({ a: "x" }))).toMatchObject([{ left: '""' }]);
  });

  test("is empty exactly where both sides are the same, and turns round with them", () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [one, two] = [edge(a), edge(b)];
        expect(renderedDiff(one, one)).toEqual([]);
        const forth = renderedDiff(one, two);
        // What YAML does not tell apart (0 and -0) is the same here.
        expect(forth.length === 0).toBe(stringify(a) === stringify(b) || sorted(a) === sorted(b));
        const back = renderedDiff(two, one).map(({ left, right, ...rest }) => ({
          ...rest,
          left: right,
          right: left,
        }));
        expect(back.length).toBe(forth.length);
      }),
    );
  });
});

/** Keys in one order, as the comparison sees them. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
