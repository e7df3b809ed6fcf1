/**
 * One WebSocket connection: messages in, calls through the pipeline, messages out. Bounded in
 * calls at once, in faults, in silence and in age; told to drain, it lets its calls end and closes.
 */
import type { RawData, WebSocket } from "ws";
import type { Clock } from "../base/clock.ts";
import { errorBody } from "../error-answer.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import type { CallAnswer, CallRequest } from "../exchange.ts";
import { limits } from "../limits.ts";
import {
  CALL_PATHS,
  type CallType,
  readMessage,
  type SocketMessage,
  serverMessage,
} from "./messages.ts";
import { SocketAnswer } from "./socket-answer.ts";
import { SocketRequest } from "./socket-request.ts";

/** RFC 6455, 7.4.1. */
const CLOSE = { normal: 1000, goingAway: 1001, policy: 1008 } as const;

/** Runs a call through the pipeline of an endpoint. */
export type RunCall = (
  path: string,
  exchange: { readonly request: CallRequest; readonly response: CallAnswer },
) => void;

export interface SocketBounds {
  readonly pingMs: number;
  readonly idleMs: number;
  readonly ageMs: number;
}

export const SOCKET_BOUNDS: SocketBounds = {
  pingMs: limits.socketPingMs,
  idleMs: limits.socketIdleMs,
  ageMs: limits.socketAgeMs,
};

export class StreamSocket {
  readonly #socket: WebSocket;
  readonly #opening: CallRequest;
  readonly #run: RunCall;
  readonly #clock: Clock;
  readonly #bounds: SocketBounds;
  readonly #calls = new Map<string | null, SocketAnswer>();
  readonly #openedMs: number;
  readonly #timer: NodeJS.Timeout;
  #usedMs: number;
  #alive = true;
  #draining = false;
  #faults = 0;

  constructor(
    socket: WebSocket,
    opening: CallRequest,
    run: RunCall,
    clock: Clock,
    bounds: SocketBounds,
  ) {
    this.#socket = socket;
    this.#opening = opening;
    this.#run = run;
    this.#clock = clock;
    this.#bounds = bounds;
    this.#openedMs = clock.monotonicMs();
    this.#usedMs = this.#openedMs;
    this.#timer = setInterval(() => this.#look(), bounds.pingMs);
    socket.on("message", (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on("pong", () => {
      this.#alive = true;
    });
    socket.once("close", () => this.#onClose());
    // What breaks the connection also closes it; the library then says 1009 or 1002 by itself.
    socket.on("error", () => {});
  }

  /** Calls that run may end; then, or at once, the connection is closed with 1001. */
  drain(): void {
    this.#draining = true;
    this.#closeIfDrained();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    let id: string | null = null;
    try {
      if (isBinary) throw new GatewayError("invalid_request", { message: "Messages are text." });
      const message = readMessage(data as Buffer);
      id = message.id;
      if (message.kind === "call") this.#begin(message);
      else this.#cancel(message.id);
    } catch (cause) {
      this.#refuse(id, toGatewayError(cause));
    }
  }

  #begin(message: SocketMessage & { kind: "call" }): void {
    if (this.#draining) throw new GatewayError("not_ready");
    if (this.#calls.has(message.id)) {
      throw new GatewayError("invalid_request", {
        message: "id: a call of this name still runs on this connection.",
        param: "id",
      });
    }
    if (this.#calls.size >= limits.socketCallsMax) {
      throw new GatewayError("concurrency_limit_exceeded", {
        message: "Too many calls at the same time on this connection.",
      });
    }
    const path: string = CALL_PATHS[message.type as CallType];
    const request = new SocketRequest(this.#opening, path, message.headers, message.body);
    const answer = new SocketAnswer(message.id, (text, sent) => this.#send(text, sent));
    this.#calls.set(message.id, answer);
    this.#usedMs = this.#clock.monotonicMs();
    answer.on("error", () => {});
    answer.once("close", () => {
      this.#calls.delete(message.id);
      this.#usedMs = this.#clock.monotonicMs();
      this.#closeIfDrained();
    });
    this.#run(path, { request, response: answer });
  }

  /** One that has ended meanwhile needs no cancellation: its last message is on the way. */
  #cancel(id: string | null): void {
    this.#calls.get(id)?.cancel();
  }

  /** A message that became no call. Who sends only such ones is no caller. */
  #refuse(id: string | null, error: GatewayError): void {
    // Calls wait for their reader; refusals cannot.
    if (this.#socket.bufferedAmount > limits.socketRefusalBytesMax) {
      this.#socket.terminate();
      return;
    }
    const text = errorBody(error, "none");
    const status = `"status":${error.entry.status}`;
    this.#send(serverMessage("error", id, `${status},${text.slice(1, -1)}`), () => {});
    if (error.entry.status === 429 || error.entry.status >= 500) return;
    this.#faults += 1;
    if (this.#faults >= limits.socketFaultsMax) this.#socket.close(CLOSE.policy, "too many faults");
  }

  #send(text: string, sent: (error?: Error | null) => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) sent();
    else this.#socket.send(text, { binary: false }, (error) => sent(error ?? null));
  }

  #look(): void {
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
    const nowMs = this.#clock.monotonicMs();
    if (this.#calls.size === 0 && nowMs - this.#usedMs >= this.#bounds.idleMs) {
      this.#socket.close(CLOSE.normal, "idle");
    } else if (nowMs - this.#openedMs >= this.#bounds.ageMs) this.drain();
  }

  #closeIfDrained(): void {
    if (!this.#draining || this.#calls.size > 0) return;
    this.#socket.close(CLOSE.goingAway, "going away");
  }

  #onClose(): void {
    clearInterval(this.#timer);
    for (const answer of this.#calls.values()) answer.destroy();
  }
}
