import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { shortDiff, shortDiffText } from "./renamed-words.ts";

const file = (path: string, object: unknown) => ({
  path: `cloud/${path}.inputs`,
  content: stringify(object),
});
const site = (name: string, more: object = {}) =>
  ["a", "b", "c", "d", "e"].map((one) =>
    file(`log-${one}`, { name: `/aws/${name}/${one}`, tags: { Name: name }, ...more }),
  );

describe("the difference of two sites", () => {
  test("says once what is called otherwise everywhere, with how often", () => {
    const { renamed, differences } = shortDiff(site("site-one"), site("site-two"));
    expect(renamed).toEqual([{ left: "site-one", right: "site-two", values: 10 }]);
    expect(differences).toEqual([]);
    expect(shortDiffText({ renamed, differences })).toBe(
      "everywhere: site-one → site-two (10 values)\n",
    );
  });

  test("still tells a value that did not follow, and one that differs besides", () => {
    const stays = file("bucket", { name: "site-one-weights" });
    const [left, right] = [site("site-one"), site("site-two")];
    const other = [
      ...right.slice(1),
      file("log-a", { name: "/aws/site-two/z", tags: { Name: "site-two" } }),
    ];
    const { differences } = shortDiff([...left, stays], [...other, stays]);
    expect(differences).toEqual([
      { object: "cloud/log-a", path: "name", left: "/aws/site-one/a", right: "/aws/site-two/z" },
    ]);
  });

  test("compares an object with the one that is called otherwise", () => {
    const subnet = (zone: string, cidr: string) => file(`subnet-${zone}`, { zone, cidr });
    const left = [...site("us-east-1"), subnet("us-east-1", "10.0.0.0/18")];
    const right = [...site("us-west-2"), subnet("us-west-2", "10.1.0.0/18")];
    expect(shortDiff(left, right).differences).toEqual([
      { object: "cloud/subnet-us-west-2", path: "cidr", left: "10.0.0.0/18", right: "10.1.0.0/18" },
    ]);
  });

  test.each([
    ["choices", "Retain", "Delete"],
    ["amounts", "512Mi", "1024Mi"],
    ["switches", "true", "false"],
  ])("tells %s one by one, however often", (_, left, right) => {
    const of = (value: string) => ["a", "b", "c", "d", "e", "f"].map((one) => file(one, { value }));
    const { renamed, differences } = shortDiff(of(left), of(right));
    expect(renamed).toEqual([]);
    expect(differences).toHaveLength(6);
  });

  test("knows the site's own name, however short, as a whole word only", () => {
    const gateway = (name: string) => file("gateway", { env: [{ name: "GW_SITE", value: name }] });
    const of = (name: string) => [
      gateway(name),
      ...["a", "b", "c", "d"].map((one) => file(one, { path: `${name}/device` })),
    ];
    expect(shortDiff(of("dev"), of("staging"))).toEqual({
      renamed: [{ left: "dev", right: "staging", values: 5 }],
      differences: [],
    });
  });
});
