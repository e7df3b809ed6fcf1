/**
 * A stub of every channel, as a pod: takes what Alertmanager and its relay send over HTTPS and SMTP with
 * STARTTLS, and writes one line of JSON for each notification. Robots verify signatures and limits as the
 * real ones do. Runs by itself (`node sink.ts FOLDER HTTPS-PORT SMTP-PORT`) with Node alone.
 */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer as createHttps } from "node:https";
import net from "node:net";
import path from "node:path";
import tls from "node:tls";

const BODY_BYTES_MAX = 1024 * 1024;
/** Enough for the names of what is told together; below the 16 KiB at which a container's log breaks a line, in Chinese, too. */
const TEXT_CHARACTERS_MAX = 4_000;

const [folder = "/sink", httpsPort, smtpPort] = process.argv.slice(2);
const pair = {
  cert: readFileSync(path.join(folder, "tls.crt")),
  key: readFileSync(path.join(folder, "tls.key")),
};

/** Of the robots, by channel. */
const secrets = JSON.parse(readFileSync(path.join(folder, "secrets.json"), "utf8"));
/** Robots refuse what is older. */
const SIGNATURE_MS_MAX = 3_600_000;

interface Answer {
  readonly status: number;
  readonly body: object;
}

interface WebhookAlert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: string;
}

/** `alerts` only where the channel's form has them; `text` is what a person would read first. */
function tell(channel: string, firing: boolean, text: string, alerts?: readonly WebhookAlert[]) {
  const at = new Date().toISOString();
  const line = { at, channel, firing, text: text.slice(0, TEXT_CHARACTERS_MAX), alerts };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const sign = (key: string, text: string) => createHmac("sha256", key).update(text).digest("base64");
const isFresh = (ms: number) => Math.abs(Date.now() - ms) < SIGNATURE_MS_MAX;

/** A head of an alert that fires, in both languages of the relay; of text messages with a number in it. */
const FIRES = /\[(CRITICAL|ERROR|WARNING|INFO|严重|错误|警告|提示)( \+\d+)?\]/;

/** What the relay writes, of each kind the part that is looked at. */
interface Message {
  readonly msgtype?: string;
  readonly markdown: { readonly content?: string; readonly title?: string; readonly text?: string };
  readonly timestamp?: string;
  readonly sign?: string;
  readonly card: {
    readonly header: { readonly title: { readonly content: string } };
    readonly elements: readonly { readonly text: { readonly content: string } }[];
  };
  readonly attachments: readonly { readonly contentType: string; readonly content: object }[];
  readonly to?: string;
  readonly content?: string;
  readonly events: readonly Readonly<Record<"status" | "severity" | "name" | "key", string>>[];
}

/** What a robot of the real kind would say; it is told only where that is good. */
const ROBOTS: Readonly<
  Record<string, (message: Message, query: URLSearchParams) => [string, Answer]>
> = {
  wecom: ({ msgtype, markdown }) => {
    const content = String(markdown.content);
    const fits = msgtype === "markdown" && Buffer.byteLength(content) <= 4_096;
    return [content, robot(fits ? 0 : 40_058, "errcode", "errmsg")];
  },
  dingtalk: ({ markdown }, query) => {
    const time = query.get("timestamp") ?? "";
    const right = sign(secrets.dingtalk, `${time}\n${secrets.dingtalk}`);
    const known = query.get("sign") === right && isFresh(Number(time));
    const { title, text } = markdown;
    return [`${title}\n${text}`, robot(known ? 0 : 310_000, "errcode", "errmsg")];
  },
  feishu: ({ timestamp, sign: shown, card }) => {
    const right = sign(`${timestamp}\n${secrets.feishu}`, "");
    const known = shown === right && isFresh(Number(timestamp) * 1_000);
    const { header, elements } = card;
    const text = [header.title.content, ...elements.map((one) => one.text.content)].join("\n");
    return [text, robot(known ? 0 : 19_021, "code", "msg")];
  },
  teams: ({ attachments }) => {
    const contents = attachments.map(({ contentType, content }) => {
      if (contentType === "application/vnd.microsoft.card.adaptive") return content;
      throw new Error(contentType);
    });
    return [textsOf(contents).join("\n"), { status: 202, body: {} }];
  },
  sms: ({ to, content }) => {
    if (to === "") throw new Error("to nobody");
    return [String(content), { status: 200, body: { code: "OK" } }];
  },
  ticket: ({ events }) => {
    const texts = events.map(({ status, severity, name, key }) =>
      [status === "opened" ? `[${severity.toUpperCase()}]` : status, name, key].join(" "),
    );
    return [texts.join("\n"), { status: 201, body: {} }];
  },
};

/** Robots say HTTP 200 whatever they mean. */
function robot(code: number, codeName: string, textName: string): Answer {
  return { status: 200, body: { [codeName]: code, [textName]: code === 0 ? "ok" : "not taken" } };
}

function textsOf(element: unknown): string[] {
  if (Array.isArray(element)) return element.flatMap(textsOf);
  if (typeof element !== "object" || element === null) return [];
  return Object.entries(element).flatMap(([name, value]) =>
    ["text", "value"].includes(name) ? [String(value)] : textsOf(value),
  );
}

function tellOf(channel: string, query: URLSearchParams, body: string): Answer {
  const json = JSON.parse(body);
  const own = ROBOTS[channel];
  // A relay of somebody else's passes on Alertmanager's own form.
  if (own !== undefined && json.version !== "4") {
    const [text, answer] = own(json, query);
    const code =
      (answer.body as Record<string, unknown>)["errcode"] ?? Reflect.get(answer.body, "code");
    if (typeof code === "number" && code !== 0) tell(channel, false, `not taken: ${code}`);
    else tell(channel, FIRES.test(text), text);
    return answer;
  }
  if (channel === "slack") {
    const [{ fallback = "", title = "" } = {}] = json.attachments ?? [];
    tell(channel, String(fallback).startsWith("[FIRING"), `${fallback} ${title}`);
  } else if (channel === "pagerduty") {
    tell(
      channel,
      json.event_action === "trigger",
      String(json.payload?.summary ?? json.description),
    );
  } else {
    const alerts = (json.alerts as WebhookAlert[]).map(({ status, labels, startsAt }) => ({
      ...{ status, labels, startsAt },
    }));
    const names = alerts.map(({ labels }) => labels["alertname"] ?? "").join(" ");
    tell(channel, json.status === "firing", names, alerts);
  }
  // PagerDuty's own answer; the others look at the status alone.
  return { status: channel === "pagerduty" ? 202 : 200, body: { status: "success" } };
}

createHttps(pair, (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "https://sink");
  const channel = pathname.slice(1);
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => {
    body += chunk;
    if (body.length > BODY_BYTES_MAX) request.destroy();
  });
  request.on("end", () => {
    try {
      const answer = tellOf(channel, searchParams, body);
      response.writeHead(answer.status, { "content-type": "application/json" });
      response.end(JSON.stringify(answer.body));
    } catch (error) {
      tell(channel, false, `not understood: ${error}`);
      response.writeHead(400).end();
    }
  });
}).listen(Number(httpsPort));

/** As much of RFC 5321 as one client needs that greets, secures the connection and sends one mail. */
net
  .createServer((socket) => {
    socket.write("220 sink\r\n");
    converse(socket, false);
  })
  .listen(Number(smtpPort));

function converse(socket: net.Socket, secured: boolean): void {
  let waiting = "";
  let mail: string | null = null;
  const say = (text: string) => socket.write(`${text}\r\n`);
  socket.on("error", () => socket.destroy());
  socket.on("data", function take(chunk: Buffer) {
    waiting += chunk.toString("utf8");
    if (waiting.length > BODY_BYTES_MAX) return void socket.destroy();
    for (let end = waiting.indexOf("\r\n"); end >= 0; end = waiting.indexOf("\r\n")) {
      const line = waiting.slice(0, end);
      waiting = waiting.slice(end + 2);
      if (mail !== null) {
        if (line !== ".") mail += `${line}\r\n`;
        else {
          tellMail(mail);
          mail = null;
          say("250 taken");
        }
        continue;
      }
      const [verb = ""] = line.toUpperCase().split(" ");
      if (verb === "EHLO") say(secured ? "250 sink" : "250-sink\r\n250 STARTTLS");
      else if (verb === "STARTTLS") {
        say("220 go on");
        socket.removeListener("data", take);
        const safe = new tls.TLSSocket(socket, { isServer: true, ...pair });
        return converse(safe, true);
      } else if (!secured) say("530 STARTTLS first");
      else if (verb === "DATA") {
        mail = "";
        say("354 go on");
      } else if (verb === "QUIT") {
        say("221 bye");
        socket.end();
      } else say("250 ok");
    }
  });
}

function tellMail(mail: string): void {
  const [, subject = ""] = /^Subject: (.*(?:\r\n[ \t].*)*)/m.exec(mail) ?? [];
  tell("email", subject.startsWith("[FIRING"), subject);
}

process.on("SIGTERM", () => process.exit(0));
tell("sink", false, "listening");
