/** What is wrong with a GPU: pure, from what nvidia-smi and the kernel's log say. */
import {
  type Finding,
  type Level,
  RESET_GPU,
  RESTART_NODE,
  type State,
  stateOf,
} from "./finding.ts";
import type { Gpu, LostGpu } from "./gpu.ts";
import { judgeLoad } from "./judge-load.ts";
import { judgeMemory } from "./judge-memory.ts";
import type { XidEvent } from "./kernel-log.ts";
import type { Observation } from "./observe.ts";
import { xidOf } from "./xids.ts";

export interface XidCount {
  readonly code: number;
  readonly kind: XidEvent["kind"];
  readonly count: number;
  readonly lastAt: Date | null;
}

export interface JudgedGpu {
  readonly gpu: Gpu;
  readonly state: State;
  readonly findings: readonly Finding[];
  readonly xids: readonly XidCount[];
}

export interface JudgedLost {
  readonly lost: LostGpu;
  readonly findings: readonly Finding[];
  readonly xids: readonly XidCount[];
}

export interface Verdict {
  readonly state: State;
  readonly driver: string | null;
  readonly cuda: string | null;
  readonly gpus: readonly JudgedGpu[];
  readonly lost: readonly JudgedLost[];
  /** About the node: missing GPUs, switches, a log that cannot be read. */
  readonly findings: readonly Finding[];
  /** Whether XIDs could be looked for at all. */
  readonly kernelLogRead: boolean;
}

export interface Expectations {
  readonly gpus: number | null;
  readonly xidHours: number;
}

export function judge(seen: Observation, expected: Expectations): Verdict {
  const recent = (seen.xids ?? []).filter((event) => isRecent(event, seen.takenAt, expected));
  const gpus = seen.gpus.map((gpu) => judgeGpu(gpu, recent, seen.corruptedInforom));
  const lost = seen.lost.map((one) => judgeLost(one, recent));
  const known = new Set([...seen.gpus.map(({ pci }) => pci), ...seen.lost.map(({ pci }) => pci)]);
  const findings = [
    ...missing(seen, expected),
    ...xidFindings(recent.filter(({ pci }) => !known.has(pci))),
    ...(seen.xids === null ? [LOG_UNREAD] : []),
  ];
  const all = [
    ...findings,
    ...gpus.flatMap((one) => one.findings),
    ...lost.flatMap((one) => one.findings),
  ];
  return {
    state: stateOf(all),
    driver: seen.driver,
    cuda: seen.cuda,
    gpus,
    lost,
    findings,
    kernelLogRead: seen.xids !== null,
  };
}

const LOG_UNREAD: Finding = {
  level: "note",
  code: "kernelLogUnread",
  what: "the kernel's log cannot be read: XIDs are not known",
  fix: "run as root or as a member of the group adm or systemd-journal",
};

function judgeGpu(gpu: Gpu, events: readonly XidEvent[], corrupted: readonly string[]): JudgedGpu {
  const own = events.filter(({ pci }) => pci === gpu.pci);
  const findings = [
    ...judgeAnswer(gpu),
    ...judgeRecovery(gpu),
    ...judgeMemory(gpu),
    ...judgeLoad(gpu),
    ...(corrupted.includes(gpu.pci) ? [INFOROM] : []),
    ...xidFindings(own).map((finding) => afterReset(finding, gpu)),
  ].map((finding) => ({
    ...finding,
    fix: finding.fix.replace("-i N", `-i ${gpu.index ?? gpu.pci}`),
  }));
  return { gpu, state: stateOf(findings), findings, xids: countXids(own) };
}

/** XID 63 announces a row that is replaced at the next reset; where none is pending that reset was made. */
function afterReset(finding: Finding, { remapped }: Gpu): Finding {
  const made = finding.code === "xid63" && remapped.pending === false;
  return made ? { ...finding, level: "note" } : finding;
}

const INFOROM: Finding = {
  level: "degraded",
  code: "inforomCorrupted",
  what: "the infoROM is damaged: the GPU's counters of errors cannot be trusted",
  fix: "run the vendor's field diagnostics; if they agree, replace the GPU",
};

function judgeLost(lost: LostGpu, events: readonly XidEvent[]): JudgedLost {
  const own = events.filter(({ pci }) => pci === lost.pci);
  const what = `nvidia-smi cannot open it: ${lost.reason}`;
  const findings: Finding[] = [{ level: "failed", code: "lost", what, fix: RESTART_NODE }];
  return { lost, findings: [...findings, ...xidFindings(own)], xids: countXids(own) };
}

/** Faults in the place of values. */
function judgeAnswer({ faults, memoryTotalMib, name }: Gpu): readonly Finding[] {
  if (faults.lost > 0) {
    const what = "it fell off the bus while it was asked";
    return [{ level: "failed", code: "lost", what, fix: RESTART_NODE }];
  }
  if (faults.resetRequired > 0) {
    const what = "it answers nothing before it is reset";
    return [{ level: "failed", code: "resetRequired", what, fix: RESET_GPU }];
  }
  if (faults.unreadable === 0) return [];
  // A GPU that does not even tell its memory is not there for programs either; one odd sensor is no reason to stop.
  const level: Level = memoryTotalMib === null || name === null ? "failed" : "degraded";
  const what = `${faults.unreadable} values cannot be read ("Unknown Error")`;
  return [
    { level, code: "unreadable", what, fix: "look at `dmesg | grep NVRM`; then reset the GPU" },
  ];
}

/** What the driver itself asks for. */
function judgeRecovery(gpu: Gpu): readonly Finding[] {
  const action = gpu.recoveryAction;
  if (action !== null) {
    // Draining first means that what runs may end; the other actions are due now.
    const level: Level = /drain/i.test(action) ? "degraded" : "failed";
    const what = `the driver asks for: ${action}`;
    return [
      {
        level,
        code: "recoveryAction",
        what,
        fix: /reboot/i.test(action) ? RESTART_NODE : RESET_GPU,
      },
    ];
  }
  if (gpu.resetRequired === true) {
    const what = "the driver asks for a reset";
    return [{ level: "failed", code: "resetRequired", what, fix: RESET_GPU }];
  }
  if (gpu.drainRecommended !== true) return [];
  const what = "the driver recommends a reset once nothing runs";
  return [{ level: "degraded", code: "drainRecommended", what, fix: RESET_GPU }];
}

function missing(seen: Observation, expected: Expectations): readonly Finding[] {
  const there = seen.gpus.length;
  if (expected.gpus === null || there >= expected.gpus) return [];
  return [
    {
      level: "failed",
      code: "missing",
      what: `${there} of ${expected.gpus} GPUs answer`,
      fix: "look at `lspci | grep -i nvidia` and `dmesg | grep NVRM`; a GPU that neither shows needs hands",
    },
  ];
}

/** Without a date, or without a time of the recording, an event counts: better looked at twice. */
function isRecent(event: XidEvent, takenAt: Date | null, { xidHours }: Expectations): boolean {
  if (event.at === null || takenAt === null) return true;
  return takenAt.getTime() - event.at.getTime() <= xidHours * 3_600_000;
}

function countXids(events: readonly XidEvent[]): readonly XidCount[] {
  const codes = [...new Set(events.map(({ kind, code }) => `${kind} ${code}`))];
  return codes.map((key) => {
    const same = events.filter(({ kind, code }) => `${kind} ${code}` === key);
    const last = same.at(-1);
    return {
      code: last?.code ?? 0,
      kind: last?.kind ?? "Xid",
      count: same.length,
      lastAt: last?.at ?? null,
    };
  });
}

function xidFindings(events: readonly XidEvent[]): readonly Finding[] {
  return countXids(events).map(({ code, kind, count, lastAt }) => {
    const last = events.filter((event) => event.code === code && event.kind === kind).at(-1);
    const text = last?.text ?? "";
    const when = lastAt === null ? "" : `, last ${lastAt.toISOString()}`;
    const times = `${count} time${count === 1 ? "" : "s"}${when}`;
    if (kind === "SXid") return switchFinding(code, text, last?.pci ?? "", times);
    const xid = xidOf(code, text);
    const what = `XID ${code} (${xid.name}): ${xid.meaning}; ${times}`;
    return { level: xid.level, code: `xid${code}`, what, fix: xid.fix };
  });
}

/** SXIDs say themselves whether they are fatal. */
function switchFinding(code: number, text: string, pci: string, times: string): Finding {
  const level: Level = /^fatal/i.test(text) ? "failed" : "degraded";
  return {
    level,
    code: `sxid${code}`,
    what: `SXID ${code} of the NVSwitch ${pci}: ${text}; ${times}`,
    fix: "restart the fabric manager with the node drained; if it comes back, tell the vendor",
  };
}
