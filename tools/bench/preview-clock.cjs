// Loaded before the programs of a preview that is timed: notes when this process began, when it came
// to the program's entry file, when it sent its first and last registration, and when it ended. The
// file's name follows BENCH_CLOCK; one line for each process.
const { appendFileSync } = require("node:fs");
const http2 = require("node:http2");
const { registerHooks } = require("node:module");

const file = process.env.BENCH_CLOCK;
const marks = { program: process.argv[1] ?? "", started: performance.timeOrigin };
const now = () => performance.timeOrigin + performance.now();

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    if (marks.entry === undefined && found.url.endsWith("/stacks/index.ts")) marks.entry = now();
    return found;
  },
});

// What Pulumi's SDK sends goes through gRPC, and that through here.
const connect = http2.connect;
http2.connect = (...words) => {
  const session = connect(...words);
  const request = session.request.bind(session);
  session.request = (headers, ...rest) => {
    if (String(headers[":path"]).endsWith("/RegisterResource")) {
      marks.registrations = (marks.registrations ?? 0) + 1;
      // The executor registers the stack itself before it loads the program.
      if (marks.entry !== undefined) marks.first ??= now();
    }
    marks.last = now();
    return request(headers, ...rest);
  };
  return session;
};

process.on("exit", () => {
  if (file) appendFileSync(file, `${JSON.stringify({ ...marks, ended: now() })}\n`);
});
