/** One comment, made once and changed afterwards, on servers that answer as the forges do. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../base/user-error.ts";
import { postComment } from "./post-comment.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly authorization: string;
}

let server: Server;
let origin: string;
let asked: Asked[] = [];
let comments: Record<string, unknown>[] = [];
let status = 200;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const authorization = headers.authorization ?? `private ${headers["private-token"]}`;
      asked.push({ method, path: url, body, authorization });
      response.writeHead(status, { "content-type": "application/json", location: "/elsewhere" });
      const page = Number(/[?&]page=(\d+)/.exec(url)?.[1] ?? 1);
      const answer = url.endsWith("/user")
        ? { login: "bot", username: "bot" }
        : method === "GET"
          ? comments.slice((page - 1) * 100, page * 100)
          : {};
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  asked = [];
  comments = [];
  status = 200;
});

const MARKER = "<!-- deepseek-preview:prod -->";
const post = (path: string) =>
  postComment({
    url: `${origin}${path}`,
    token: "t0ken",
    marker: MARKER,
    body: `${MARKER}\nnew`,
    signal: new AbortController().signal,
  });

const FORGES = [
  [
    "GitHub",
    "/repos/o/r/issues/7",
    "user",
    "github-actions[bot]",
    "PATCH /repos/o/r/issues/comments/5",
    "Bearer t0ken",
  ],
  [
    "Gitea",
    "/api/v1/repos/o/r/issues/7",
    "user",
    "bot",
    "PATCH /api/v1/repos/o/r/issues/comments/5",
    "token t0ken",
  ],
  [
    "GitLab",
    "/api/v4/projects/9/merge_requests/7",
    "author",
    "bot",
    "PUT /api/v4/projects/9/merge_requests/7/notes/5",
    "private t0ken",
  ],
] as const;

describe.each(FORGES)("on %s", (_, path, key, name, change, authorization) => {
  const by = (author: string, body: string, id: number) => ({
    ...{ id, body },
    [key]: key === "user" ? { login: author } : { username: author },
  });
  const last = () => `${asked.at(-1)?.method} ${asked.at(-1)?.path}`;

  test("a comment is made where there is none", async () => {
    comments = [by("someone", "hello", 1), by(name, "<!-- deepseek-preview:staging -->\nx", 2)];
    expect(await post(path)).toBe("made");
    expect(last()).toMatch(/^POST .*\/(comments|notes)$/);
    expect(JSON.parse(asked.at(-1)?.body ?? "")).toEqual({ body: `${MARKER}\nnew` });
    expect(asked.every((one) => one.authorization === authorization)).toBe(true);
  });

  test("its own earlier one is changed, also on a later page", async () => {
    comments = [
      ...Array.from({ length: 120 }, (_value, index) => by("someone", "hello", 1_000 + index)),
      by(name, `${MARKER}\r\nold`, 5),
    ];
    expect(await post(path)).toBe("changed");
    expect(last()).toBe(change);
  });

  test("somebody else's with the marker is left alone, and so is one that only quotes it", async () => {
    comments = [by("mallory", `${MARKER}\nforged`, 3), by(name, `> ${MARKER}\n`, 4)];
    expect(await post(path)).toBe("made");
  });

  test("a refusal is told without the token", async () => {
    status = 403;
    const error = await post(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(JSON.stringify(error) + String(error)).not.toContain("t0ken");
  });

  test("a redirect is not followed: it would take the token along", async () => {
    status = 302;
    await expect(post(path)).rejects.toThrow("the comment was not made");
    expect(asked).toHaveLength(1);
  });
});

test.each([
  "ftp://example.org/repos/o/r/issues/1",
  "http://example.org/repos/o/r/issues/1",
  "https://user:x@example.org/repos/o/r/issues/1",
  "https://example.org/repos/o/r/pulls/1",
  "https://example.org/repos/o/r/issues/1?x=y",
  "nothing",
])("%s is refused", async (url) => {
  const request = { token: "t", marker: MARKER, body: "", signal: new AbortController().signal };
  await expect(postComment({ url, ...request })).rejects.toThrow("no comment can be made there");
});
