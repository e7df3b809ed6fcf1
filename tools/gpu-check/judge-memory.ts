/**
 * Errors of a GPU's memory. What follows from which counter: NVIDIA, "GPU Memory Error Management"
 * (https://docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt/), and nvmlDeviceGetRemappedRows of the NVML API reference.
 */
import { type Finding, RESET_GPU } from "./finding.ts";
import type { Gpu } from "./gpu.ts";

const REPLACE = "drain the node, run the vendor's field diagnostics and have the GPU replaced";

export function judgeMemory(gpu: Gpu): readonly Finding[] {
  return [...judgeRows(gpu), ...judgeErrors(gpu), ...judgeRepair(gpu), ...judgeMode(gpu)];
}

function judgeRows({ remapped, pageRetirementPending }: Gpu): readonly Finding[] {
  const findings: Finding[] = [];
  if (remapped.failed === true) {
    findings.push({
      level: "failed",
      code: "rowRemapFailed",
      what: "a row of memory could not be remapped: there is no spare row left for it",
      fix: REPLACE,
    });
  }
  if (remapped.pending === true || pageRetirementPending === true) {
    findings.push({
      level: "degraded",
      code: "rowRemapPending",
      what: "memory is set aside until a reset replaces it by spare rows",
      fix: RESET_GPU,
    });
  }
  const empty = remapped.banksWithoutSpare ?? 0;
  if (empty > 0) {
    findings.push({
      level: "degraded",
      code: "spareRowsUsedUp",
      what: `${empty} bank(s) of memory have no spare row left: the next error there cannot be repaired`,
      fix: "plan the replacement of the GPU",
    });
  }
  const uncorrectable = remapped.uncorrectable ?? 0;
  if (uncorrectable > 0) {
    findings.push({
      level: "note",
      code: "rowsRemapped",
      what: `${uncorrectable} row(s) of memory were replaced by spare ones after uncorrectable errors`,
      fix: "nothing: that is what spare rows are for",
    });
  }
  return findings;
}

function judgeErrors({ ecc, mig }: Gpu): readonly Finding[] {
  const findings: Finding[] = [];
  const instances = mig.devices.reduce((sum, device) => sum + (device.uncorrectable ?? 0), 0);
  const recent = Math.max(ecc.volatile.uncorrectable ?? 0, instances);
  if (recent > 0) {
    findings.push({
      level: "degraded",
      code: "eccUncorrectable",
      what: `${recent} uncorrectable error(s) of memory since the driver was loaded`,
      fix: RESET_GPU,
    });
  }
  const older = ecc.aggregate.uncorrectable ?? 0;
  if (recent === 0 && older > 0) {
    findings.push({
      level: "note",
      code: "eccHistory",
      what: `${older} uncorrectable error(s) of memory in its life, none since the driver was loaded`,
      fix: "nothing, unless they become more",
    });
  }
  return findings;
}

function judgeRepair({ ecc }: Gpu): readonly Finding[] {
  const findings: Finding[] = [];
  // NVIDIA's catalogue of XIDs, row 48: with this flag set, field diagnostics and the way to a replacement.
  if (ecc.sramThresholdExceeded === true) {
    findings.push({
      level: "failed",
      code: "sramThresholdExceeded",
      what: "SRAM has had more uncorrectable errors than NVIDIA allows",
      fix: REPLACE,
    });
  }
  if (ecc.unrepairableMemory === true) {
    findings.push({
      level: "failed",
      code: "unrepairableMemory",
      what: "memory that cannot be repaired",
      fix: REPLACE,
    });
  }
  if (ecc.repairPending === true) {
    findings.push({
      level: "degraded",
      code: "repairPending",
      what: "a repair is made at the next reset",
      fix: RESET_GPU,
    });
  }
  return findings;
}

function judgeMode({ ecc, mig }: Gpu): readonly Finding[] {
  const findings: Finding[] = [];
  if (ecc.enabled === false) {
    findings.push({
      level: "degraded",
      code: "eccOff",
      what: "errors of memory are not detected (ECC is off): answers may be wrong and nobody knows",
      fix: "`nvidia-smi -e 1 -i N`, then reset the GPU",
    });
  }
  if (ecc.enabled !== ecc.pendingEnabled && ecc.pendingEnabled !== null) {
    findings.push(pending("ECC"));
  }
  if (mig.enabled !== mig.pendingEnabled && mig.pendingEnabled !== null) {
    findings.push(pending("MIG"));
  }
  return findings;
}

function pending(mode: string): Finding {
  return {
    level: "note",
    code: `${mode.toLowerCase()}ChangePending`,
    what: `${mode} changes at the next reset`,
    fix: RESET_GPU,
  };
}
