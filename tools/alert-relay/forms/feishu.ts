/**
 * A custom robot of a Feishu or Lark group: a card of at most 20 KB, 100 messages a minute and 5 a second,
 * `timestamp` and `sign` in the body where it has a secret
 * (open.feishu.cn/document/client-docs/bot-v3/add-custom-bot).
 */
import { createHmac } from "node:crypto";
import type { Of } from "../channel.ts";
import { compose } from "../compose.ts";
import { jsonBytes, plainMarkdown } from "../text.ts";
import { gravestFirst, isUrgent, type ToldAlert, titleOf } from "../told-alert.ts";
import { type Answer, type Form, JSON_HEADERS, judgeCode, type Verdict } from "./form.ts";
import { markdownBlock } from "./markdown.ts";

/** 20 KB for the whole body: head, signature and braces have the rest. */
const TEXT_BYTES_MAX = 18_000;

export function feishuForm({ url, language, mentions, secret }: Of<"feishu">): Form {
  return {
    rate: { perMinute: 100, burst: 2 },
    compose: (alerts) => {
      const end = isUrgent(alerts) ? mentions.map((id) => `<at id=${id}></at>`).join(" ") : "";
      const { text, whole } = compose(alerts, {
        ...{ language, max: TEXT_BYTES_MAX, measure: jsonBytes, gap: "\n\n", end },
        // The head of the card says it.
        title: () => "",
        block: (alert, max, title) =>
          markdownBlock(alert, max, title, {
            ...{ language, lineEnd: "\n", head: (head) => `**${head}**` },
          }),
        line: plainMarkdown,
      });
      const card = {
        config: { wide_screen_mode: true },
        header: {
          title: { tag: "plain_text", content: titleOf(alerts, language).text },
          template: colourOf(gravestFirst(alerts)[0]),
        },
        elements: [{ tag: "div", text: { tag: "lark_md", content: text } }],
      };
      const message = { msg_type: "interactive", card };
      return {
        whole,
        at: (nowMs) => ({
          ...{ url, headers: JSON_HEADERS },
          body: JSON.stringify({ ...signatureOf(secret, nowMs), ...message }),
        }),
      };
    },
    judge,
  };
}

/** 11232: told too often. 9499 is a body that is not understood, or with these words the same. */
function judge(answer: Answer): Verdict {
  const verdict = judgeCode(answer, { code: "code", text: "msg", limited: [11_232], again: [] });
  if (verdict.kind !== "refused" || !/too many|frequen/i.test(verdict.reason)) return verdict;
  return { kind: "limited", reason: verdict.reason };
}

/** The key is the time, in seconds, and the secret; what is signed is empty. */
function signatureOf(secret: string | undefined, nowMs: number): object {
  if (secret === undefined) return {};
  const timestamp = String(Math.floor(nowMs / 1_000));
  return {
    timestamp,
    sign: createHmac("sha256", `${timestamp}\n${secret}`).digest("base64"),
  };
}

function colourOf(alert: ToldAlert | undefined): string {
  if (alert?.firing !== true) return "green";
  const { severity } = alert;
  return { critical: "red", error: "orange", warning: "yellow" }[severity] ?? "blue";
}
