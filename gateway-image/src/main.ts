/**
 * Entry point: settings, start, signals. Ends with 0 after a stop, 2 on faulty settings or files. With
 * the word `ledger` it serves nothing: rows of the ledger go to another site's, or come from it.
 */
import { type Config, readConfig } from "./config.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { ledgerCommand } from "./ledger-command.ts";

/** Before the log exists, in the log's form. */
function reportAndExit(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  const timestamp = new Date().toISOString();
  process.stdout.write(`${JSON.stringify({ level: "fatal", timestamp, message })}\n`);
  process.exit(2);
}

function readConfigOrExit(): Config {
  try {
    return readConfig();
  } catch (error) {
    return reportAndExit(error);
  }
}

async function serve(): Promise<void> {
  const gateway: Gateway = await startGateway(readConfigOrExit()).catch(reportAndExit);
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await gateway.stop();
    gateway.parts.log.flush(() => process.exit(0));
  };
  process.on("SIGTERM", () => void stop());
  process.on("SIGINT", () => void stop());
}

const [command, ...words] = process.argv.slice(2);
if (command === "ledger") process.exitCode = await ledgerCommand(words, readConfigOrExit());
else await serve();
