/** All WebSocket connections of this gateway: opened within bounds, drained and ended together. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Clock } from "../base/clock.ts";
import { GatewayError } from "../errors.ts";
import type { CallRequest } from "../exchange.ts";
import { limits } from "../limits.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { SUBPROTOCOL } from "./messages.ts";
import { type RunCall, SOCKET_BOUNDS, type SocketBounds, StreamSocket } from "./stream-socket.ts";

/** A connection that asks to become a WebSocket, as the listener hands it over. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

export class StreamSockets {
  readonly #server: WebSocketServer;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #bounds: SocketBounds;
  readonly #open = new Set<StreamSocket>();
  readonly #byPrincipal = new Map<string, number>();
  #draining = false;

  constructor(metrics: Metrics, clock: Clock, bounds: SocketBounds = SOCKET_BOUNDS) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#bounds = bounds;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Compressing what an attacker may choose together with what is secret tells the secret.
      perMessageDeflate: false,
      maxPayload: limits.socketMessageBytesMax,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    // Thrown through handleUpgrade to its caller: the refusal is an answer like every other one.
    this.#server.on("wsClientError", (cause) => {
      throw new GatewayError("invalid_request", { message: "No WebSocket handshake.", cause });
    });
  }

  /** Is there room for one more of this principal? Throws where there is none. */
  checkRoom(principal: string): void {
    if (this.#open.size >= limits.socketsMax) throw new GatewayError("not_ready");
    if ((this.#byPrincipal.get(principal) ?? 0) >= limits.socketsPerPrincipalMax) {
      throw new GatewayError("concurrency_limit_exceeded", { message: "Too many connections." });
    }
  }

  /** Ends the handshake; from here on the connection speaks in messages. */
  accept(upgrade: Upgrade, principal: string, opening: CallRequest, run: RunCall): void {
    const { request, socket, head } = upgrade;
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const one = new StreamSocket(webSocket, opening, run, this.#clock, this.#bounds);
      this.#count(one, principal, 1);
      webSocket.once("close", () => this.#count(one, principal, -1));
      // Asked for on a connection that the edge had kept: the caller is sent elsewhere at once.
      if (this.#draining) one.drain();
    });
  }

  #count(one: StreamSocket, principal: string, change: 1 | -1): void {
    if (change === 1) this.#open.add(one);
    else this.#open.delete(one);
    const left = (this.#byPrincipal.get(principal) ?? 0) + change;
    if (left > 0) this.#byPrincipal.set(principal, left);
    else this.#byPrincipal.delete(principal);
    this.#metrics.sockets.set(this.#open.size);
  }

  get size(): number {
    return this.#open.size;
  }

  /** Every connection is closed with 1001, once its calls have ended. */
  drain(): void {
    this.#draining = true;
    for (const one of this.#open) one.drain();
  }

  terminate(): void {
    for (const one of this.#open) one.terminate();
  }
}
