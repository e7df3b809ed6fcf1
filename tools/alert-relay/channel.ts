/** A channel as the relay's file has it: what it is, where, and what proves to it who speaks. */
import { z } from "zod";

const url = z.url({ protocol: /^https$/ });
const common = {
  name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$/),
  url,
  language: z.enum(["en", "zh"]).default("en"),
};
/** Who is called by name when something critical fires, in the words of the channel. */
const mentions = z.array(z.string().regex(/^[A-Za-z0-9@._+-]{1,64}$/)).default([]);
const secret = z.string().min(1).optional();
/** The whole value of the header. */
const authorization = z.string().min(1).optional();

export const channelSchema = z.discriminatedUnion("kind", [
  z.strictObject({ ...common, kind: z.literal("wecom"), mentions }),
  z.strictObject({ ...common, kind: z.literal("dingtalk"), mentions, secret }),
  z.strictObject({ ...common, kind: z.literal("feishu"), mentions, secret }),
  z.strictObject({ ...common, kind: z.literal("teams") }),
  z.strictObject({
    ...common,
    kind: z.literal("sms"),
    authorization,
    to: z.array(z.string().min(1)).min(1),
    encoding: z.enum(["json", "form"]).default("json"),
    /** Fields of the gateway's request; `{to}` and `{text}` in their values are filled in. */
    fields: z.record(z.string(), z.string()),
    segmentsMax: z.int().min(1).max(10).default(2),
    /** How the gateway's answer says that it took the message, where its status alone does not. */
    accepted: z.strictObject({ field: z.string(), is: z.string() }).optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal("ticket"),
    authorization,
    shape: z.enum(["events", "servicenow"]).default("events"),
  }),
]);

export type Channel = z.output<typeof channelSchema>;
export type Of<Kind extends Channel["kind"]> = Extract<Channel, { kind: Kind }>;
export type Language = Channel["language"];

/** What may stand in no log. */
export function secretsOf(channel: Channel): string[] {
  const { pathname, search, searchParams } = new URL(channel.url);
  return [
    channel.url,
    ...(pathname === "/" ? [] : [pathname]),
    ...(search === "" ? [] : [search]),
    ...searchParams.values(),
    ...("secret" in channel && channel.secret !== undefined ? [channel.secret] : []),
    ...("authorization" in channel && channel.authorization !== undefined
      ? [channel.authorization, ...channel.authorization.split(" ")]
      : []),
    ...("fields" in channel ? Object.values(channel.fields) : []),
    // A word of a few letters is no secret, and would hide half of every line.
  ].filter((one) => one.length >= SECRET_CHARACTERS_MIN);
}

const SECRET_CHARACTERS_MIN = 8;
