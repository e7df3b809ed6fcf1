// Loaded before Pulumi's executor; takes away costs that buy a program of ours nothing. None of it
// changes what a program can do: what is put off is loaded when it is called.
// 1. The executor installs source-map-support, which maps the stack of every promise the SDK makes.
//    Node strips types in place, so positions are right without a map.
// 2. The SDK sends three debug messages per resource to the engine, one after the other.
// 3. The SDK writes down a stack for every promise it makes; only PULUMI_DEBUG_PROMISE_LEAKS shows it.
// 4. To turn functions into text the SDK loads the TypeScript compiler and npm's tree of packages and
//    connects V8's debugger, before it knows whether a program has a function to turn.
// 5. The executor loads 200 modules of OpenTelemetry for spans that nobody has asked for, and the SDK the
//    Automation API and the server of Pulumi providers with every program that imports it.
// Together they are more than half of the time of a program with 300 resources.
const { createRequire } = require("node:module");
const path = require("node:path");

const executor = path.resolve(process.argv[1] ?? "");
const requireThere = createRequire(executor);

replace("source-map-support/register", () => ({}));
replace("../../runtime/closure/serializeClosure.js", (load) => ({
  serializeFunction: (...args) => load().serializeFunction(...args),
  serializeFunctionAsync: (...args) => load().serializeFunctionAsync(...args),
}));
replace("../../runtime/closure/codePaths.js", (load) => ({
  computeCodePaths: (...args) => load().computeCodePaths(...args),
}));
replace("../../runtime/closure/v8Hooks.js", debuggerOnDemand);
replace("./tracing.js", tracingOnDemand);
replace("../../automation/index.js", namespaceOnDemand);
replace("../../provider/index.js", namespaceOnDemand);

// After the executor has read its arguments into the environment, which the SDK reads when loaded.
setImmediate(() => {
  try {
    requireThere("../../log/index.js").debug = () => Promise.resolve();
    if (!process.env.PULUMI_DEBUG_PROMISE_LEAKS) {
      withoutStacks(requireThere("../../runtime/debuggable.js"), "debuggablePromise");
    }
  } catch {
    // Another layout of the SDK: its debug messages and stacks cost time, no more.
  }
});

/** `make` is given what loads the module itself, at its first call. */
function replace(request, make) {
  let file;
  try {
    file = requireThere.resolve(request);
  } catch {
    return; // An SDK without it: nothing to replace.
  }
  const stand = { id: file, filename: file, loaded: true };
  const load = () => {
    if (require.cache[file] === stand) delete require.cache[file];
    return requireThere(file);
  };
  stand.exports = make(load);
  require.cache[file] = stand;
}

/** Spans are made where `--tracing` names who takes them; the executor calls `start` first there. */
function tracingOnDemand(load) {
  let tracing;
  const none = { end() {}, setAttribute() {}, addEvent() {} };
  return {
    start: (url) => {
      tracing = load();
      tracing.start(url);
    },
    stop: () => tracing?.stop(),
    newSpan: (name) => tracing?.newSpan(name) ?? none,
  };
}

/** What the SDK exports under one name: whoever looks into it loads it. */
function namespaceOnDemand(load) {
  const described = (_, name) => {
    const own = Object.getOwnPropertyDescriptor(load(), name);
    return own === undefined ? undefined : { ...own, configurable: true };
  };
  return new Proxy(
    {},
    {
      // Whether it is a compiled module is asked of it when it is imported, by all who do.
      get: (_, name) => (name === "__esModule" ? true : load()[name]),
      has: (_, name) => name in load(),
      ownKeys: () => Reflect.ownKeys(load()),
      getOwnPropertyDescriptor: described,
    },
  );
}

/** As the SDK's, but V8 is asked about its scripts when somebody wants to know: it tells the earlier ones too. */
function debuggerOnDemand() {
  const urls = new Map();
  let session;
  const connect = async () => {
    require("node:v8").setFlagsFromString("--allow-natives-syntax");
    const { Session } = require("node:inspector");
    const opened = new Session();
    opened.connect();
    opened.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
    await new Promise((resolve, reject) => {
      opened.post("Debugger.enable", (error) => (error === null ? resolve() : reject(error)));
    });
    return opened;
  };
  return {
    getSessionAsync: () => {
      session ??= connect();
      return session;
    },
    isInitializedAsync: async () => {},
    getScriptUrl: (id) => urls.get(id),
  };
}

function withoutStacks(module, name) {
  const original = module[name];
  module[name] = (...args) => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return original(...args);
    } finally {
      Error.stackTraceLimit = limit;
    }
  };
}
