/** Said to the program once the run has stopped; the SDK then ends without a message of its own. */
export class StoppedError extends Error {
  constructor() {
    super("the run has stopped");
    this.name = "StoppedError";
  }
}
