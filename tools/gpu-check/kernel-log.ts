/** XIDs of GPUs and SXIDs of NVSwitches in the kernel's log, from journalctl or dmesg. */
import { pciKey } from "./reading.ts";

export interface XidEvent {
  readonly kind: "Xid" | "SXid";
  readonly pci: string;
  readonly code: number;
  /** null where the log has no date (dmesg counts seconds since the start). */
  readonly at: Date | null;
  readonly text: string;
}

// NVRM: Xid (PCI:0000:3b:00): 79, pid=…, GPU has fallen off the bus.   (older drivers leave `PCI:` out)
// nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): 28006, Non-fatal, Link 46 …
const LINE = /(NVRM: Xid|: SXid) \((?:PCI:)?([0-9a-f:.]+)\): (\d+)(?:, ?(.*))?$/i;
// `2026-11-26T06:35:43+0000` (journalctl -o short-iso), `2026-11-26T06:35:43,123456+00:00` (dmesg)
const DATE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)/;

export function readKernelLog(log: string): readonly XidEvent[] {
  return log.split("\n").flatMap((line) => {
    const match = LINE.exec(line.trim());
    if (match === null) return [];
    return [
      {
        kind: match[1]?.endsWith("SXid") === true ? "SXid" : "Xid",
        pci: pciKey(match[2] ?? ""),
        code: Number(match[3]),
        at: dateOf(line),
        text: (match[4] ?? "").trim(),
      },
    ];
  });
}

function dateOf(line: string): Date | null {
  const match = DATE.exec(line);
  if (match === null) return null;
  const zone = (match[2] ?? "Z").replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  const date = new Date(`${match[1]}${zone}`);
  return Number.isNaN(date.getTime()) ? null : date;
}
