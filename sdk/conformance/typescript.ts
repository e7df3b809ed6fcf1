/** Runs the script of conformance.test.ts with the TypeScript client; prints one JSON line a step. */
import { ApiError, Client } from "../typescript/client.ts";

const [accessKey = "", secretKey = "", endpoint = ""] = process.argv.slice(2);
const chat = (secret: string) =>
  new Client({ accessKey, secretKey: secret, endpoint, sleep: async () => {} }).chat;
const print = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
const model = "deepseek-chat-7b";

const first = await chat(secretKey).complete({ model, prompt: "first 量子" });
print([first.data.text, first.data.context_id, first.data.usage?.completion_tokens ?? -1]);
const contextId = first.data.context_id;
const second = await chat(secretKey).complete({ model, prompt: "second", contextId });
print([second.data.text, second.data.context_id]);
const pieces: string[] = [];
for await (const piece of chat(secretKey).streamComplete({ model, prompt: "stream" })) {
  pieces.push(piece.data.text);
}
print(pieces);
print([(await chat(secretKey).complete({ model, prompt: "busy twice" })).data.text]);
const code = async (work: () => Promise<unknown>) =>
  work().then(
    () => 0,
    (error: unknown) => (error instanceof ApiError ? error.code : -1),
  );
print([await code(() => chat(`${secretKey}x`).complete({ model, prompt: "wrong secret" }))]);
print([await code(() => chat(secretKey).complete({ model, prompt: "always busy" }))]);
const broken = async () => {
  for await (const _ of chat(secretKey).streamComplete({ model, prompt: "stream broken" }));
};
print([await code(broken)]);
const cut = async () => {
  for await (const _ of chat(secretKey).streamComplete({ model, prompt: "stream cut" }));
};
print([await code(cut)]);
