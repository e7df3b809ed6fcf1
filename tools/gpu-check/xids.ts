/**
 * What an XID means and asks for. Codes, names and immediate actions: NVIDIA, "Analyzing Xid Errors with the
 * Xid Catalog" (https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html, read 2026-11-26), those
 * that it lists for A100 or H100; the meaning is told in our words. Not listed: codes that it calls unused.
 */
import { type Level, RESET_GPU, RESTART_NODE } from "./finding.ts";

export interface Xid {
  readonly code: number;
  readonly name: string;
  readonly meaning: string;
  readonly level: Level;
  readonly fix: string;
}

const RESTART_APP =
  "restart the program that ran on the GPU; if it comes back, look at the program";
const RESET = `${RESET_GPU}; if it comes back, replace it`;
const CALL = "note it and tell the vendor if it comes back";

// A row: code, NVIDIA's name, meaning. One table for each immediate action.
type Row = readonly [number, string, string];

/** RESTART_APP, IGNORE: the GPU is well, a program on it was not. */
const PROGRAM: readonly Row[] = [
  [8, "ROBUST_CHANNEL_FIFO_ERROR_IDLE_TIMEOUT", "a program's work did not end in time"],
  [13, "ROBUST_CHANNEL_GR_EXCEPTION", "a program read or wrote outside of its memory"],
  [31, "ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT", "a program used an address that is not its own"],
  [43, "ROBUST_CHANNEL_RESETCHANNEL_VERIF_ERROR", "a program was ended after a fault of its own"],
  [
    45,
    "ROBUST_CHANNEL_PREEMPTIVE_REMOVAL",
    "a program was ended; its cause stands in another XID or none",
  ],
  [69, "ROBUST_CHANNEL_GR_CLASS_ERROR", "a program sent the GPU a command that it does not know"],
  [137, "NVLINK_PRIV_ERR", "a program used another GPU's memory without a right to it"],
];

/** RESTART_APP with a suspicion of the hardware, or IGNORE with a look at it later. */
const WATCH: readonly Row[] = [
  [32, "ROBUST_CHANNEL_PBDMA_ERROR", "commands arrived damaged, mostly a fault of PCIe"],
  [39, "ROBUST_CHANNEL_CE0_ERROR", "a copy engine failed"],
  [63, "INFOROM_DRAM_RETIREMENT_EVENT", "a row of memory is to be remapped at the next reset"],
  [92, "EXCESSIVE_SBE_INTERRUPTS", "many correctable errors of memory in a short time"],
  [
    94,
    "ROBUST_CHANNEL_CONTAINED_ERROR",
    "an uncorrectable error of memory hit one program, which was ended",
  ],
  [171, "UNCORRECTABLE_DRAM_ERROR", "an uncorrectable error was in DRAM (goes with XID 48)"],
  [172, "UNCORRECTABLE_SRAM_ERROR", "an uncorrectable error was in SRAM (goes with XID 48)"],
];

/** RESET_GPU and workflows that end in it. */
const NEEDS_RESET: readonly Row[] = [
  [46, "ROBUST_CHANNEL_GPU_TIMEOUT_ERROR", "the GPU stopped working"],
  [48, "ROBUST_CHANNEL_GPU_ECC_DBE", "an uncorrectable error of memory"],
  [62, "PMU_HALT_ERROR", "a controller inside the GPU halted"],
  [64, "INFOROM_DRAM_RETIREMENT_FAILURE", "a row of memory could not be remapped"],
  [
    74,
    "NVLINK_ERROR",
    "a link to another GPU or to a switch failed; the other end may be the cause",
  ],
  [95, "ROBUST_CHANNEL_UNCONTAINED_ERROR", "an uncorrectable error of memory hit several programs"],
  [
    109,
    "ROBUST_CHANNEL_CTXSW_TIMEOUT_ERROR",
    "the GPU did not change from one program to the next",
  ],
  [110, "SEC_FAULT_ERROR", "a fault of the GPU's security, mostly of its hardware"],
  [119, "GSP_RPC_TIMEOUT", "the GPU's system processor does not answer the driver"],
  [120, "GSP_ERROR", "the program on the GPU's system processor failed"],
  [136, "ALI_TRAINING_FAIL", "a link to another GPU or to a switch could not be trained"],
  [140, "UNRECOVERABLE_ECC_ERROR_ESCAPE", "an error of memory that could not even be set aside"],
  [143, "GPU_INIT_ERROR", "the GPU could not be initialised"],
  [158, "GPU_FATAL_TIMEOUT", "the GPU does not answer any more"],
];

/** RESTART_BM and CHECK_MECHANICALS. */
const NEEDS_HANDS: readonly Row[] = [
  [54, "SILENT_RUNNING_PWR_REDUCED_CLOCKING", "the cable for additional power is not connected"],
  [79, "ROBUST_CHANNEL_GPU_HAS_FALLEN_OFF_THE_BUS", "the GPU does not answer on PCIe: it is lost"],
  [167, "PCIE_FATAL_TIMEOUT", "PCIe to the GPU does not answer"],
];

function rows(table: readonly Row[], level: Level, fix: string): readonly Xid[] {
  return table.map(([code, name, meaning]) => ({ code, name, meaning, level, fix }));
}

const XIDS: ReadonlyMap<number, Xid> = new Map(
  [
    ...rows(PROGRAM, "note", RESTART_APP),
    ...rows(WATCH, "degraded", RESET),
    ...rows(NEEDS_RESET, "failed", RESET),
    ...rows(NEEDS_HANDS, "failed", RESTART_NODE),
  ].map((xid) => [xid.code, xid]),
);

// 154 tells what another XID asks for: `GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot Required)`.
const RECOVERY = 154;

export function xidOf(code: number, text: string): Xid {
  if (code === RECOVERY) return recovery(text);
  return (
    XIDS.get(code) ?? {
      code,
      name: "not in our table",
      meaning: text === "" ? "see NVIDIA's Xid catalog" : text,
      level: "degraded",
      fix: CALL,
    }
  );
}

function recovery(text: string): Xid {
  const action = /to 0x[0-9a-f]+ \(([^)]*)\)/i.exec(text)?.[1] ?? "";
  const level = /reboot|reset required/i.test(action) ? "failed" : "degraded";
  return {
    code: RECOVERY,
    name: "GPU_RECOVERY_ACTION_CHANGED",
    meaning:
      action === "" ? "the driver asks for another recovery" : `the driver asks for: ${action}`,
    level: /^none$/i.test(action) ? "note" : level,
    fix: /reboot/i.test(action) ? RESTART_NODE : RESET,
  };
}
