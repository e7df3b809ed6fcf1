// Loaded before Pulumi's executor; takes away two costs that buy a program of ours nothing.
// 1. The executor installs source-map-support, which maps the stack of every promise the SDK makes.
//    Node strips types in place, so positions are right without a map.
// 2. The SDK sends three debug messages per resource to the engine, one after the other.
// Together they are more than half of the time of a program with 500 resources.
const { createRequire } = require("node:module");
const path = require("node:path");

const executor = path.resolve(process.argv[1] ?? "");
const requireThere = createRequire(executor);

try {
  const register = requireThere.resolve("source-map-support/register");
  require.cache[register] = { id: register, filename: register, loaded: true, exports: {} };
} catch {
  // An SDK without it: nothing to replace.
}

// After the executor has read its arguments into the environment, which the SDK reads when loaded.
setImmediate(() => {
  try {
    requireThere("../../log/index.js").debug = () => Promise.resolve();
  } catch {
    // Another layout of the SDK: its debug messages cost time, no more.
  }
});
