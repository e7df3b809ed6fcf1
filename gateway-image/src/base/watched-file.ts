/**
 * A file that is read again when it changes. Compared by content on a timer: a mounted Secret
 * changes by a swapped link, which file watchers miss. A version that `parse` refuses is
 * reported once, and the former stays in force.
 */
import { readFileSync } from "node:fs";

export interface WatchedFile<T> {
  readonly current: T;
  /** Called after each take-over, not for the first version. */
  onChange(listener: (value: T) => void): void;
  /** Compares now; the timer does the same. */
  check(): void;
  stop(): void;
}

export interface WatchOptions<T> {
  readonly files: readonly string[];
  readonly parse: (contents: readonly string[]) => T;
  readonly intervalMs: number;
  readonly onFault: (error: unknown) => void;
}

/** Throws where the first version cannot be read or parsed. */
export function watchFiles<T>(options: WatchOptions<T>): WatchedFile<T> {
  const read = () => options.files.map((file) => readFileSync(file, "utf8"));
  const listeners: ((value: T) => void)[] = [];
  let contents = read();
  let current = options.parse(contents);
  let faultSeen = "";

  const check = () => {
    let next: string[] = [];
    try {
      next = read();
      if (next.every((text, index) => text === contents[index])) return;
      current = options.parse(next);
      contents = next;
      faultSeen = "";
    } catch (error) {
      const fault = `${next.join("\0")}${String(error)}`;
      if (fault !== faultSeen) options.onFault(error);
      faultSeen = fault;
      return;
    }
    try {
      for (const listener of listeners) listener(current);
    } catch (error) {
      // On a timer nobody else would catch it, and the process would end.
      options.onFault(error);
    }
  };
  const timer = setInterval(check, options.intervalMs);
  timer.unref();
  return {
    get current() {
      return current;
    },
    onChange: (listener) => void listeners.push(listener),
    check,
    stop: () => clearInterval(timer),
  };
}
