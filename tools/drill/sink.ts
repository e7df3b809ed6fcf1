/**
 * A stub of every channel, as a pod: takes what Alertmanager sends over HTTPS and SMTP with STARTTLS, and
 * writes one line of JSON for each notification. Runs by itself (`node sink.ts FOLDER HTTPS-PORT SMTP-PORT`) with Node alone.
 */
import { readFileSync } from "node:fs";
import { createServer as createHttps } from "node:https";
import net from "node:net";
import path from "node:path";
import tls from "node:tls";

const BODY_BYTES_MAX = 1024 * 1024;
/** Enough for every name; a line of a container's log should stay one. */
const TEXT_CHARACTERS_MAX = 2_000;

const [folder = "/sink", httpsPort, smtpPort] = process.argv.slice(2);
const pair = {
  cert: readFileSync(path.join(folder, "tls.crt")),
  key: readFileSync(path.join(folder, "tls.key")),
};

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

function tellOf(channel: string, body: string): void {
  const json = JSON.parse(body);
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
}

createHttps(pair, (request, response) => {
  const channel = (request.url ?? "/").slice(1);
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => {
    body += chunk;
    if (body.length > BODY_BYTES_MAX) request.destroy();
  });
  request.on("end", () => {
    try {
      tellOf(channel, body);
      // PagerDuty's own answer; the others look at the status alone.
      response.writeHead(channel === "pagerduty" ? 202 : 200, {
        "content-type": "application/json",
      });
      response.end('{"status":"success"}');
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
