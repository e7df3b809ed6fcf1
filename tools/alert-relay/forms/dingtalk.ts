/**
 * A custom robot of a DingTalk group: Markdown of at most 20,000 bytes with a title, 20 messages a minute
 * (beyond it is silenced for ten), `timestamp` and `sign` in the query where it has a secret
 * (open.dingtalk.com/document/robots/custom-robot-access).
 */
import { createHmac } from "node:crypto";
import type { Of } from "../channel.ts";
import { compose } from "../compose.ts";
import { jsonBytes, plainMarkdown } from "../text.ts";
import { isUrgent, titleOf } from "../told-alert.ts";
import { type Form, JSON_HEADERS, judgeCode } from "./form.ts";
import { markdownBlock } from "./markdown.ts";

/** 20,000 for the whole body: title, people called and braces have the rest. */
const TEXT_BYTES_MAX = 18_000;
const EVERYBODY = "all";

export function dingtalkForm({ url, language, mentions, secret }: Of<"dingtalk">): Form {
  return {
    rate: { perMinute: 20, burst: 8 },
    compose: (alerts) => {
      const called = isUrgent(alerts) ? mentions : [];
      const atMobiles = called.filter((one) => one !== EVERYBODY);
      const { text, whole } = compose(alerts, {
        ...{ language, max: TEXT_BYTES_MAX, measure: jsonBytes, gap: "\n\n" },
        // Who is called must stand in the text as well.
        end: atMobiles.map((mobile) => `@${mobile}`).join(" "),
        title: (words) => `## ${plainMarkdown(words)}`,
        block: (alert, max, title) =>
          markdownBlock(alert, max, title, {
            ...{ language, lineEnd: "  \n", head: (head) => `**${head}**` },
          }),
        line: (words) => `> ${plainMarkdown(words)}`,
      });
      // What a telephone shows of it before it is opened.
      const title = titleOf(alerts, language).text;
      const at = { atMobiles, isAtAll: called.includes(EVERYBODY) };
      const body = JSON.stringify({ msgtype: "markdown", markdown: { title, text }, at });
      return {
        whole,
        at: (nowMs) => ({ url: signed(url, secret, nowMs), headers: JSON_HEADERS, body }),
      };
    },
    // 130101 and 410100: told too often. -1 and 500: the robot's side fails.
    judge: (answer) =>
      judgeCode(answer, {
        ...{ code: "errcode", text: "errmsg" },
        ...{ limited: [130_101, 410_100], again: [-1, 500] },
      }),
  };
}

/** The secret is the key and a part of what is signed; the time, in milliseconds, is good for an hour. */
function signed(address: string, secret: string | undefined, nowMs: number): string {
  if (secret === undefined) return address;
  const url = new URL(address);
  const sign = createHmac("sha256", secret).update(`${nowMs}\n${secret}`).digest("base64");
  url.searchParams.set("timestamp", String(nowMs));
  url.searchParams.set("sign", sign);
  return url.href;
}
