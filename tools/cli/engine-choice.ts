/**
 * Which engine runs a stack: the embedded one or the Pulumi CLI. The local stack always uses the
 * embedded one; otherwise what the stack was made with wins, and a new stack takes the Pulumi CLI
 * where it is installed.
 */
import { access, constants, readFile } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "../base/atomic-file.ts";
import { UserError } from "../base/user-error.ts";
import type { Session } from "./session.ts";

export type Engine = "embedded" | "pulumi";

export async function chooseEngine(session: Session): Promise<Engine> {
  const asked = askedEngine(session);
  if (session.isLocal || session.simulateCloud) {
    if (asked === "pulumi") {
      throw new UserError(
        session.isLocal
          ? "the local stack runs on the embedded engine only"
          : "the simulated cloud belongs to the embedded engine",
        { where: "--engine pulumi", fix: "leave --engine out" },
      );
    }
    return "embedded";
  }
  const recorded = await recordedEngine(session);
  if (asked !== undefined && recorded !== undefined && asked !== recorded) {
    throw new UserError(`the stack ${session.stack} was made with the ${recorded} engine`, {
      where: recordFile(session),
      fix: `leave --engine out, or move the stack: export it with one engine, import it with the other (docs/engine.md), then remove that file`,
    });
  }
  return asked ?? recorded ?? ((await onPath(session, "pulumi")) ? "pulumi" : "embedded");
}

/** Written when a stack is first deployed. */
export async function recordEngine(session: Session, engine: Engine): Promise<void> {
  await writeFileAtomic(recordFile(session), `${engine}\n`);
}

function askedEngine(session: Session): Engine | undefined {
  const asked = session.call.flags.text("engine");
  if (asked === undefined || asked === "embedded" || asked === "pulumi") return asked;
  throw new UserError(`there is no engine "${asked}"`, {
    where: "--engine",
    fix: "--engine embedded or --engine pulumi",
  });
}

async function recordedEngine(session: Session): Promise<Engine | undefined> {
  const text = await readFile(recordFile(session), "utf8").catch(() => "");
  const engine = text.trim();
  return engine === "embedded" || engine === "pulumi" ? engine : undefined;
}

function recordFile(session: Session): string {
  const { environment, project, stack } = session;
  return path.join(environment.stateDir, "engines", project.name, stack);
}

async function onPath(session: Session, program: string): Promise<boolean> {
  const folders = (session.environment.variables["PATH"] ?? "").split(path.delimiter);
  const found = await Promise.all(
    folders.map((folder) =>
      access(path.join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
