/**
 * Where a program finds its engine: a socket in a folder of this user's alone, so that no other user
 * of the machine can speak to the engine. It takes connections from the moment it is open; whoever
 * answers them may come later.
 */
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import os from "node:os";
import path from "node:path";

export class ProgramSocket {
  /** As gRPC writes it. */
  readonly address: string;
  private readonly folder: string;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly waiting: Socket[] = [];
  private answer = (socket: Socket): void => {
    this.waiting.push(socket);
  };

  private constructor(folder: string, file: string) {
    this.folder = folder;
    this.address = `unix:${file}`;
    // Nothing is read here: what a caller has sent waits for whoever answers.
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      // A program that was ended is told by its end.
      socket.on("error", () => {});
      socket.once("close", () => this.sockets.delete(socket));
      this.answer(socket);
    });
  }

  static async open(): Promise<ProgramSocket> {
    const folder = await mkdtemp(path.join(os.tmpdir(), "deepseek-engine-"));
    const file = path.join(folder, "socket");
    const opened = new ProgramSocket(folder, file);
    await new Promise<void>((resolve, reject) => {
      opened.server.once("error", reject);
      opened.server.listen(file, resolve);
    });
    return opened;
  }

  /** Every connection, also one that has been made, is answered by `answer`. */
  answerWith(answer: (socket: Socket) => void): void {
    this.answer = answer;
    this.waiting.splice(0).forEach(answer);
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    // The command may be at its end: what is put off is not done.
    rmSync(this.folder, { recursive: true, force: true });
  }
}
