/**
 * WebSocket at the listener: a request that asks for one runs through its pipeline as any other
 * does, and only its last step takes the connection over. Each call on it is then a request again.
 */
import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { UpgradeOffer } from "./context.ts";
import { ENDPOINTS, type EndpointRow, SOCKET_PATH } from "./endpoints.ts";
import { GatewayError } from "./errors.ts";
import type { Parts } from "./parts.ts";
import type { Pipelines } from "./pipeline.ts";
import type { Runner } from "./runner.ts";

const ROWS: readonly EndpointRow[] = ENDPOINTS;

export function asksForSocket(request: IncomingMessage): boolean {
  const [path] = (request.url ?? "").split("?", 1);
  const wanted = request.headers.upgrade?.toLowerCase() === "websocket";
  return wanted && request.method === "GET" && path === SOCKET_PATH;
}

export function acceptUpgrades(
  server: Server,
  parts: Parts,
  pipelines: Pipelines,
  run: Runner,
): void {
  const endpoint = rowOf("GET", SOCKET_PATH);
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    // A refusal is the last that this connection says.
    response.once("finish", () => (socket as Socket).destroySoon());
    const upgrade: UpgradeOffer = {
      check(caller) {
        checkHandshake(request);
        parts.sockets.checkRoom(caller.principal);
      },
      accept(context, caller) {
        const opening = context.request;
        parts.sockets.accept(
          { request, socket, head },
          caller.principal,
          opening,
          (path, exchange) => {
            const row = rowOf("POST", path);
            void run(pipelines.of[row.does], {
              ...exchange,
              endpoint: row,
              proven: context.signed,
            });
          },
        );
        response.detachSocket(socket as Socket);
        // Nothing more comes from it: the request is over, the connection is not.
        response.emit("close");
      },
    };
    void run(pipelines.of[endpoint.does], { request, response, endpoint, upgrade });
  });
}

/** What the library would refuse in words of its own. */
function checkHandshake({ headers }: IncomingMessage): void {
  const key = headers["sec-websocket-key"] ?? "";
  if (!/^[+/0-9A-Za-z]{22}==$/.test(key) || headers["sec-websocket-version"] !== "13") {
    throw new GatewayError("invalid_request", {
      message: "The handshake needs Sec-WebSocket-Key, and Sec-WebSocket-Version: 13.",
    });
  }
}

function rowOf(method: EndpointRow["method"], path: string): EndpointRow {
  const row = ROWS.find((one) => one.method === method && one.path === path);
  if (row === undefined) throw new Error(`no endpoint ${method} ${path}`);
  return row;
}
