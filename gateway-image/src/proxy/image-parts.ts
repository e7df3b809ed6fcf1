/**
 * The image parts of a chat: how many there are and how many bytes of the body they take. Images
 * come as `data:` URLs; the gateway fetches nothing. Pure.
 */
import { asObject } from "../base/json-members.ts";
import { GatewayError } from "../errors.ts";
import { limits } from "../limits.ts";

export interface ImageParts {
  readonly count: number;
  /** Of the body, at least: what their URLs take. */
  readonly bytes: number;
  /** The first part that names an image elsewhere; null: all come with the call. */
  readonly remote: string | null;
  /** The first of them, as an error names it. */
  readonly first: string;
}

/** The types that OpenAI's API and vLLM both take. */
const DATA_URL = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}$/;
/** Of a data URL, what must be looked at to know what it is. */
const HEAD_LENGTH = 32;

/** null: there are none. Throws where one is malformed, or there are too many. */
export function imageParts(messages: unknown): ImageParts | null {
  if (!Array.isArray(messages)) return null;
  let count = 0;
  let bytes = 0;
  let remote: string | null = null;
  let first: string | null = null;
  messages.forEach((message, at) => {
    const content = asObject(message)?.content;
    if (!Array.isArray(content)) return;
    content.forEach((part, index) => {
      refuseOtherMedia(part, `messages.${at}.content.${index}`);
      if (asObject(part)?.type !== "image_url") return;
      const param = `messages.${at}.content.${index}.image_url`;
      const url = urlOf(part, param);
      count += 1;
      bytes += url.length;
      first ??= param;
      if (!url.startsWith("data:")) remote ??= param;
    });
  });
  if (first === null) return null;
  if (count > limits.imagesMax) {
    throw fault(`At most ${limits.imagesMax} images in one call.`, "messages");
  }
  return { count, bytes, remote, first };
}

/**
 * Parts that a server of the site would fetch or unpack: vLLM knows most of them by their members,
 * whatever `type` says or where it is missing. `uuid` names what somebody has sent before, which
 * need not be the caller.
 */
const MEDIA = [
  "image_url",
  "video_url",
  "audio_url",
  "image_embeds",
  "audio_embeds",
  "prompt_embeds",
  "image_pil",
  "uuid",
];

function refuseOtherMedia(part: unknown, param: string): void {
  const members = asObject(part);
  if (members === null) return;
  const { type } = members;
  const other = MEDIA.find(
    (name) =>
      !(name === "image_url" && type === name) && (type === name || Object.hasOwn(members, name)),
  );
  if (other === undefined) return;
  throw fault(
    "only texts, images of the type image_url and sounds within the call are passed on",
    `${param}.${other}`,
  );
}

function urlOf(part: unknown, param: string): string {
  const url = asObject(asObject(part)?.image_url)?.url;
  if (typeof url !== "string") throw fault("is no object with a url", param);
  if (url.startsWith("https://") && URL.canParse(url)) return url;
  const head = url.slice(0, HEAD_LENGTH);
  if (/^data:image\/(png|jpeg|gif|webp);base64,/.test(head) && DATA_URL.test(url)) return url;
  throw fault("must be a data: URL of a PNG, JPEG, GIF or WebP image in base64", `${param}.url`);
}

function fault(what: string, param: string): GatewayError {
  const message = param === "messages" ? what : `${param}: ${what}`;
  return new GatewayError("invalid_request", { message, param });
}
