import http from "node:http";
import type { AddressInfo } from "node:net";
import { Agent } from "undici";
import { afterEach, expect, test } from "vitest";
import { PrometheusClient } from "./client.ts";

const dispatcher = new Agent();
let server: http.Server | undefined;

afterEach(() => server?.close().closeAllConnections());

/** Answers one after the other, the last for ever; undefined: the connection breaks. */
async function prometheusSaying(
  ...answers: readonly (readonly [status: number, body: string] | undefined)[]
): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  server = http.createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(request.url ?? "");
    if (answer === undefined) request.socket.destroy();
    else response.writeHead(answer[0]).end(answer[1]);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked };
}

const vector = (...values: string[]) =>
  JSON.stringify({
    status: "success",
    data: { result: values.map((value) => ({ metric: { job: "a" }, value: [1, value] })) },
  });

test("a question that breaks off is asked again, so often and no oftener", async () => {
  const { url, asked } = await prometheusSaying(undefined, [503, "starting"], [200, vector("7")]);
  const patient = new PrometheusClient({ url, dispatcher, attempts: 3 });
  expect(await patient.now('up{job="a"}')).toEqual([{ metric: { job: "a" }, value: 7 }]);
  expect(asked).toHaveLength(3);
  expect(new URL(asked[2] ?? "", url).searchParams.get("query")).toBe('up{job="a"}');
});

test("asked once, it says what was asked and what was answered", async () => {
  const { url, asked } = await prometheusSaying([400, "parse error: unexpected end"]);
  const client = new PrometheusClient({ url, dispatcher });
  await expect(client.now("sum(")).rejects.toThrow(/query answers 400: sum\( parse error/);
  expect(asked).toHaveLength(1);
});

test("a value that is no number is told as none", async () => {
  const { url } = await prometheusSaying([200, vector("NaN", "+Inf")]);
  const [none, endless] = await new PrometheusClient({ url, dispatcher }).now("x");
  expect(none?.value).toBeNaN();
  expect(endless?.value).toBe(Number.POSITIVE_INFINITY);
});

test("an answer of another shape is refused", async () => {
  const { url } = await prometheusSaying([200, '{"data":{"result":[{"metric":{}}]}}']);
  await expect(new PrometheusClient({ url, dispatcher }).between("x", 0, 1, 1)).rejects.toThrow();
});
