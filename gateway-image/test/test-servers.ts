/** Real Redis and PostgreSQL for the tests of this folder; they end with the test. */
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
