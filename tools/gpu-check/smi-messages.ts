/**
 * Lines that nvidia-smi mixes into its answer or writes beside it: a GPU that it cannot open, an
 * infoROM that is damaged, a driver that does not answer. They are taken out before anything is parsed.
 */
import type { LostGpu } from "./gpu.ts";
import { pciKey } from "./reading.ts";

const PCI = "([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-9a-f])";
const HANDLE = "unable to determine the device handle for gpu";
// `for GPU 0000:05:00.0: GPU is lost. …`, `for GPU1: 0000:34:00.0: Unknown Error`, `for GPU0000:CB:00.0: …`
const BY_ADDRESS = new RegExp(`${HANDLE}\\s*(?:(\\d+)\\s*:\\s*)?${PCI}\\s*:?\\s*(.*)`, "i");
const BY_INDEX = new RegExp(`${HANDLE}\\s*(\\d+)\\s*:?\\s*(.*)`, "i");
const INFOROM = new RegExp(`inforom is corrupted at gpu\\s*${PCI}`, "i");

/** nvidia-smi has nothing to say of any GPU: what it wrote, and what helps. */
const REFUSALS: readonly (readonly [RegExp, string, string])[] = [
  [
    /couldn't communicate with the nvidia driver|driver not loaded/i,
    "the NVIDIA driver does not answer",
    "look at `dmesg | grep NVRM`; load it with `modprobe nvidia`, or install the driver for the running kernel",
  ],
  [
    /driver\/library version mismatch/i,
    "the loaded driver and NVIDIA's libraries have different versions",
    "restart the node, so that the driver that was installed is also the one that is loaded",
  ],
  [
    /no devices were found/i,
    "nvidia-smi finds no GPU",
    "look at `lspci | grep -i nvidia`: if GPUs are listed, `dmesg | grep NVRM` says why the driver refused them; if not, check power, seating and the firmware's settings",
  ],
  [
    /insufficient permissions|permission denied/i,
    "nvidia-smi may not open the GPUs",
    "run as root, or as a user who may open /dev/nvidia*",
  ],
];

export interface Messages {
  /** The answer without the lines below. */
  readonly rest: string;
  readonly lost: readonly LostGpu[];
  /** Addresses (`pciKey`) of GPUs with a damaged infoROM. */
  readonly corruptedInforom: readonly string[];
}

export function takeMessages(output: string): Messages {
  const lost = new Map<string, LostGpu>();
  const corruptedInforom = new Set<string>();
  const rest = output.split("\n").filter((line) => {
    const gpu = lostIn(line);
    if (gpu !== null) lost.set(`${gpu.pci ?? gpu.index}`, gpu);
    const corrupted = INFOROM.exec(line)?.[1];
    if (corrupted !== undefined) corruptedInforom.add(pciKey(corrupted));
    return gpu === null && corrupted === undefined;
  });
  return {
    rest: rest.join("\n"),
    lost: [...lost.values()],
    corruptedInforom: [...corruptedInforom],
  };
}

/** Why there is no answer at all, where nvidia-smi says it. */
export function refusalIn(output: string): { what: string; fix: string } | null {
  const found = REFUSALS.find(([pattern]) => pattern.test(output));
  return found === undefined ? null : { what: found[1], fix: found[2] };
}

function lostIn(line: string): LostGpu | null {
  const byAddress = BY_ADDRESS.exec(line);
  if (byAddress !== null) {
    const index = byAddress[1] === undefined ? null : Number(byAddress[1]);
    return { index, pci: pciKey(byAddress[2] ?? ""), reason: reasonOf(byAddress[3]) };
  }
  const byIndex = BY_INDEX.exec(line);
  return byIndex === null
    ? null
    : { index: Number(byIndex[1]), pci: null, reason: reasonOf(byIndex[2]) };
}

function reasonOf(text: string | undefined): string {
  const reason = (text ?? "").split(/\.\s/)[0]?.replace(/\.$/, "").trim() ?? "";
  return reason === "" ? "cannot be opened" : reason;
}
