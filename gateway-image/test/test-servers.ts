/** Real Redis and PostgreSQL for the tests of this folder; they end with the test. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import {
  GATEWAY_REDIS_COMMANDS,
  type StoreServer,
  startPostgresServer,
  startRedisServer,
} from "../../tools/servers/stores.ts";
import { onEnd, temporaryFolder } from "./test-harness.ts";

export type TestServer = StoreServer;

export async function startRedis(): Promise<TestServer> {
  return ending(await startRedisServer(temporaryFolder(), GATEWAY_REDIS_COMMANDS));
}

export async function startPostgres(): Promise<TestServer> {
  return ending(await startPostgresServer(temporaryFolder()));
}

function ending(server: TestServer): TestServer {
  onEnd(server.kill);
  return server;
}

/** Takes webhooks with the given statuses in their order, then with 204. */
export async function webhookReceiver(statuses: number[] = []) {
  const calls: { body: string; headers: http.IncomingHttpHeaders }[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    calls.push({ body: Buffer.concat(chunks).toString("utf8"), headers: request.headers });
    response.writeHead(statuses.shift() ?? 204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/done?x=1`, calls };
}
