/** A stub of channels on loopback, which answers as a test says; it keeps what it was sent. */
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";

export interface Sent {
  readonly channel: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Robots {
  readonly urlOf: (channel: string) => string;
  readonly sent: Sent[];
  /** What a channel is answered; by default it takes everything. */
  readonly answers: Map<string, (response: ServerResponse, count: number) => void>;
  close(): void;
}

const TAKEN: Readonly<Record<string, object>> = {
  wecom: { errcode: 0, errmsg: "ok" },
  dingtalk: { errcode: 0, errmsg: "ok" },
  feishu: { code: 0, msg: "success", data: {} },
};

export const json = (response: ServerResponse, status: number, body: object, headers = {}) =>
  response.writeHead(status, headers).end(JSON.stringify(body));

export async function startRobots(pair: { cert: string; key: string }): Promise<Robots> {
  const sent: Sent[] = [];
  const answers: Robots["answers"] = new Map();
  const server = createServer(pair, (request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "https://localhost");
      const channel = url.pathname.slice(1);
      sent.push({ channel, url, headers: request.headers, body });
      const own = answers.get(channel);
      if (own !== undefined)
        return own(response, sent.filter((one) => one.channel === channel).length);
      json(response, channel === "teams" ? 202 : 200, TAKEN[channel] ?? {});
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ sent, answers },
    urlOf: (channel) => `https://localhost:${port}/${channel}?key=693a91f6-7abc-4bc4-97a0`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
