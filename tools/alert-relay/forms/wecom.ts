/**
 * A robot of a WeCom group: Markdown of at most 4,096 bytes, 20 messages a minute, people called by
 * `<@userid>` in the text (developer.work.weixin.qq.com/document/path/91770).
 */
import type { Of } from "../channel.ts";
import { compose } from "../compose.ts";
import { plainMarkdown, utf8Bytes } from "../text.ts";
import { isUrgent, type ToldAlert } from "../told-alert.ts";
import { type Form, JSON_HEADERS, judgeCode } from "./form.ts";
import { markdownBlock } from "./markdown.ts";

const CONTENT_BYTES_MAX = 4_096;

export function wecomForm({ url, language, mentions }: Of<"wecom">): Form {
  return {
    rate: { perMinute: 20, burst: 8 },
    compose: (alerts) => {
      const end = isUrgent(alerts) ? mentions.map((user) => `<@${user}>`).join(" ") : "";
      const { text, whole } = compose(alerts, {
        ...{ language, max: CONTENT_BYTES_MAX, measure: utf8Bytes, gap: "\n\n", end },
        title: (words, gravest) => coloured(plainMarkdown(words), gravest),
        block: (alert, max, title) =>
          markdownBlock(alert, max, title, { language, lineEnd: "\n", head: coloured }),
        line: (words) => `> ${plainMarkdown(words)}`,
      });
      const body = JSON.stringify({ msgtype: "markdown", markdown: { content: text } });
      return { whole, at: () => ({ url, headers: JSON_HEADERS, body }) };
    },
    // 45009: told too often. -1: "system busy" (developer.work.weixin.qq.com/document/path/90313).
    judge: (answer) =>
      judgeCode(answer, { code: "errcode", text: "errmsg", limited: [45_009], again: [-1] }),
  };
}

/** It knows three colours by name: info is green, comment grey, warning orange. */
function coloured(text: string, { firing, severity }: ToldAlert): string {
  const loud = severity === "critical" || severity === "error";
  const colour = !firing ? "info" : loud ? "warning" : "comment";
  return `<font color="${colour}">**${text}**</font>`;
}
