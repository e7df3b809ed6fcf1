/** Ends a response with a JSON body of known length. */
interface JsonAnswer {
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  end(text: string): unknown;
}

export function sendJson(response: JsonAnswer, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}
