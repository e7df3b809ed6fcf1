// The first program that runs: on a machine's own Node (20 or newer), before anything is
// installed. It installs the npm packages where package-lock.json says something else than what
// lies in node_modules, then hands over to the CLI on the Node 24 that npm brought. Plain
// JavaScript and node: modules only.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const modules = path.join(root, "node_modules");
const marker = path.join(modules, ".installed-from");
const installing = path.join(root, ".state", "installing");
// Enough for a slow registry; npm itself retries each package.
const INSTALL_TIMEOUT_MS = 20 * 60_000;
const LOCK_STALE_MS = INSTALL_TIMEOUT_MS + 60_000;

await main();

async function main() {
  if (Number(process.versions.node.split(".")[0]) < 20) {
    fail(
      `Node.js ${process.versions.node} is too old`,
      "install Node.js 20 or newer (Debian 12: from nodejs.org or npm)",
    );
  }
  await ensurePackages();
  const bundled = path.join(modules, ".bin", "node");
  const node = existsSync(bundled) ? bundled : process.execPath;
  if (node === process.execPath && Number(process.versions.node.split(".")[0]) < 24) {
    fail(
      `this machine (${process.platform} ${process.arch}) has no Node.js 24 package on npm, and its own Node.js is ${process.versions.node}`,
      "install Node.js 24 and run the command again",
    );
  }
  await handOver(node);
}

/** Replaces this process as far as Node allows: same terminal, same signals, same exit code. */
async function handOver(node) {
  const child = spawn(
    node,
    [
      "--disable-warning=ExperimentalWarning",
      path.join(root, "tools/cli/main.ts"),
      ...process.argv.slice(2),
    ],
    {
      stdio: "inherit",
      env: {
        ...compileCache(),
        ...process.env,
        PATH: `${path.join(modules, ".bin")}${path.delimiter}${process.env.PATH}`,
      },
    },
  );
  // A terminal sends its signals to the whole group; others reach only us and are passed on.
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => {});
  child.once("error", (error) =>
    fail(`cannot start ${node}: ${error.message}`, "remove node_modules and run the command again"),
  );
  child.once("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (signal === "SIGINT" ? 2 : signal === "SIGTERM" ? 15 : 9);
  });
}

/**
 * The Pulumi SDK is some thousand files: compiled once, a program of it starts a second sooner. Node runs
 * what it finds there, so that a folder into which somebody else may write is not used (also root's under
 * sudo with the home of whoever calls it).
 */
function compileCache() {
  const base = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache");
  const ours = path.join(base, "deepseek-private-service");
  const folder = path.join(ours, "node-compile-cache");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return [ours, folder].every(isOnlyMine) ? { NODE_COMPILE_CACHE: folder } : {};
  } catch {
    return {}; // A home that cannot be written.
  }
}

function isOnlyMine(folder) {
  const { uid, mode } = statSync(folder);
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
}

async function ensurePackages() {
  const wanted = packagesHash();
  if (readText(marker) === wanted) return;
  await exclusively(async () => {
    if (readText(marker) === wanted) return;
    await npmInstall();
    writeFileSync(marker, wanted);
  });
}

/** Only one install at a time in this checkout; a lock of a dead process is taken over. */
async function exclusively(work) {
  mkdirSync(path.dirname(installing), { recursive: true });
  const started = Date.now();
  for (;;) {
    try {
      writeFileSync(installing, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const holder = Number(readText(installing));
      if (!(holder > 0 && isAlive(holder))) rmSync(installing, { force: true });
      else if (Date.now() - started > LOCK_STALE_MS) {
        fail(
          `another process (${holder}) has been installing for too long`,
          `end it, or remove ${installing}`,
        );
      } else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  try {
    await work();
  } finally {
    rmSync(installing, { force: true });
  }
}

function npmInstall() {
  return new Promise((resolve) => {
    const started = Date.now();
    const elapsed = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
    const live = process.stderr.isTTY;
    const show = () =>
      process.stderr.write(
        live
          ? `\r\x1b[2K  installing npm packages … ${elapsed()}`
          : `  installing npm packages … ${elapsed()}\n`,
      );
    const timer = setInterval(show, live ? 250 : 10_000);
    show();
    const child = spawn("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: INSTALL_TIMEOUT_MS,
    });
    let output = "";
    const keep = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", (error) => {
      clearInterval(timer);
      fail(`npm cannot be started: ${error.message}`, "install npm");
    });
    child.once("close", (code) => {
      clearInterval(timer);
      if (live) process.stderr.write("\r\x1b[2K");
      if (code !== 0) {
        fail(
          `npm ci ended with ${code}:\n${output.trim().split("\n").slice(-12).join("\n")}`,
          "check the network and the npm registry setting, then run the command again",
        );
      }
      process.stderr.write(`✓ npm packages (${elapsed()})\n`);
      resolve();
    });
  });
}

/** What node_modules was made from: every manifest and the lock file. */
function packagesHash() {
  const hash = createHash("sha256");
  for (const file of [
    "package-lock.json",
    "package.json",
    "gateway-image/package.json",
    "policies/package.json",
  ]) {
    const text = readText(path.join(root, file)) ?? "";
    // Scripts may change without anything to install.
    if (file.endsWith("package-lock.json")) hash.update(text);
    else {
      const manifest = JSON.parse(text);
      hash.update(
        JSON.stringify([
          manifest.dependencies,
          manifest.devDependencies,
          manifest.optionalDependencies,
          manifest.workspaces,
        ]),
      );
    }
  }
  return hash.digest("hex");
}

function readText(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function fail(what, fix) {
  process.stderr.write(`\nerror: ${what}\n  fix: ${fix}\n`);
  process.exit(2);
}
