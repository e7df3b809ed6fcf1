import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";
import { promptTokensMax } from "./call-bound.ts";
import { imageParts } from "./image-parts.ts";

const PIXEL = "data:image/png;base64,iVBORw0KGgo=";
const image = (url: unknown) => ({ type: "image_url", image_url: { url } });
const user = (...content: unknown[]) => [
  { role: "system", content: "Be brief." },
  { role: "user", content: [{ type: "text", text: "What is this?" }, ...content] },
];

function refusal(messages: unknown): [string, string | null] {
  try {
    imageParts(messages);
  } catch (error) {
    if (error instanceof GatewayError) return [error.code, error.param];
  }
  throw new Error("was not refused");
}

describe("image parts", () => {
  test("are counted, with the bytes that they take", () => {
    expect(imageParts(user(image(PIXEL), image(PIXEL)))).toEqual({
      count: 2,
      bytes: 2 * PIXEL.length,
      remote: null,
      first: "messages.1.content.1.image_url",
    });
    expect(imageParts(user(image(PIXEL), image("https://example.org/a.png")))).toMatchObject({
      count: 2,
      remote: "messages.1.content.2.image_url",
    });
  });

  test("of which there are none are no matter", () => {
    for (const messages of [user(), "text", [{ role: "user", content: "data:" }], [null, 7]]) {
      expect(imageParts(messages)).toBe(null);
    }
  });

  test.each([
    ["file:///etc/passwd"],
    ["http://169.254.169.254/latest/meta-data"],
    ["https://"],
    ["data:text/html;base64,PHA+"],
    ["data:image/svg+xml;base64,PHN2Zz4="],
    ["data:image/png;base64,not base64!"],
    ["data:image/png,raw"],
  ])("of %s are refused by name", (url) => {
    expect(refusal(user(image(url)))).toEqual([
      "invalid_request",
      "messages.1.content.1.image_url.url",
    ]);
  });

  test.each([
    ["image_url", { image_url: "http://169.254.169.254/" }],
    ["image_url", { image_url: { url: PIXEL } }],
    ["image_url", { type: "text", text: "a", image_url: "http://169.254.169.254/" }],
    ["video_url", { type: "video_url", video_url: { url: "https://example.org/a.mp4" } }],
    ["audio_url", { audio_url: "http://10.0.0.7/" }],
    ["image_embeds", { type: "image_embeds", image_embeds: "AAAA" }],
    ["prompt_embeds", { type: "prompt_embeds", data: "AAAA" }],
    ["uuid", { type: "image_url", image_url: { url: PIXEL }, uuid: "another tenant's" }],
    ["uuid", { type: "image_url", image_url: null, uuid: "another tenant's" }],
  ])(
    "%s, by which a server would fetch, unpack or remember something, is refused: %j",
    (name, part) => {
      expect(refusal(user(part))).toEqual(["invalid_request", `messages.1.content.1.${name}`]);
    },
  );

  test("texts, refusals and sounds within the call are no matter", () => {
    const sound = { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } };
    expect(imageParts(user(sound, { type: "refusal", refusal: "no" }, "text", null))).toBe(null);
  });

  test("without a URL, or too many of them, are refused", () => {
    expect(refusal(user({ type: "image_url" }))[1]).toBe("messages.1.content.1.image_url");
    expect(refusal(user(image(7)))[1]).toBe("messages.1.content.1.image_url");
    const many = Array.from({ length: limits.imagesMax + 1 }, () => image(PIXEL));
    expect(refusal(user(...many))[1]).toBe("messages");
  });

  test("never throw anything else, and never count more bytes than there are", () => {
    const part = fc.oneof(fc.constant(image(PIXEL)), fc.json().map(String), fc.anything());
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        const messages = user(...parts);
        try {
          const found = imageParts(messages);
          const bytes = Buffer.byteLength(JSON.stringify(user(image(PIXEL))));
          if (found !== null) expect(found.bytes).toBeLessThan(found.count * bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      }),
    );
  });
});

test("an image is bounded by its tokens, the text around it by its bytes", () => {
  const body = Buffer.from(JSON.stringify(user(image(PIXEL))));
  const images = imageParts(user(image(PIXEL)));
  const around = body.length - PIXEL.length;
  expect(promptTokensMax(body, { images }, { imageTokensMax: 1445 })).toBe(around + 1445);
  expect(promptTokensMax(body, { images }, {})).toBe(around + limits.imageTokensMax);
  expect(promptTokensMax(body, { images: null }, {})).toBe(body.length);
});
