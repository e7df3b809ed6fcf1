import fc from "fast-check";
import { expect, test } from "vitest";
import { NginxSyntaxError, parseNginx } from "./nginx-syntax.ts";

test("directives, blocks, quotes and comments", () => {
  const text = `# a comment with ; and {
http {
  log_format main '{"a":"$b"}' ' ;';  # another
  server { listen 443 ssl; location ~ ^/v1/\\{x\\} { return 200 "a;b"; } }
  map $x $y { "~^[A-Z]{1,2}$" 1; default \${z}; }
}`;
  const [http] = parseNginx(text);
  expect(http?.block?.map((one) => one.name)).toEqual(["log_format", "server", "map"]);
  expect(http?.block?.[0]?.words).toEqual(["main", '{"a":"$b"}', " ;"]);
  const location = http?.block?.[1]?.block?.[1];
  expect(location?.block).toEqual([{ name: "return", words: ["200", "a;b"], block: undefined }]);
  expect(http?.block?.[2]?.block?.map((one) => one.words[0])).toEqual(["1", "$".concat("{z}")]);
});

test.each([
  ["http {", "a { without its }"],
  ["}", "a } without its {"],
  ["listen 443", "no ; after listen"],
  ["http { listen 443 }", "no ; after listen"],
  ['add_header a "b;', "an open quote on line 1"],
  ["a {".repeat(60), "nested too deeply"],
])("%s cannot be read", (text, message) => {
  expect(() => parseNginx(text)).toThrow(message);
});

test("any text is read or refused, and never runs away", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("{", "}", ";", '"', "'", "#", "\\", "$", "a", " ", "\n") }),
      (text) => {
        try {
          parseNginx(text);
        } catch (error) {
          expect(error).toBeInstanceOf(NginxSyntaxError);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
