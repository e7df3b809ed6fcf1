/**
 * One `<gpu>` of nvidia-smi's XML. Every value is looked up by all names that it had: the document types
 * nvsmi_device_v8 to v13 (drivers 418 to 590) renamed nodes, and GPUs before Ampere count other errors.
 */
import type { XmlElement } from "@rgrove/parse-xml";
import type {
  Ecc,
  ErrorCounts,
  Faults,
  Gpu,
  GpuProcess,
  Mig,
  MigDevice,
  RemappedRows,
  Temperatures,
} from "./gpu.ts";
import { faultOf, numberOf, pciKey, truthOf, wordOf } from "./reading.ts";
import { childrenOf, elementAt, elementsOf, leafTexts, textAt } from "./xml-node.ts";

export function readGpu(node: XmlElement, position: number): Gpu {
  const at = (...paths: string[]) => textAt(node, paths);
  const number = (...paths: string[]) => numberOf(at(...paths));
  return {
    index: position,
    pci: pciKey(node.attributes["id"] ?? at("pci/pci_bus_id") ?? ""),
    uuid: wordOf(at("uuid")),
    name: wordOf(at("product_name")),
    faults: faultsOf(node),
    persistence: truthOf(at("persistence_mode")),
    performanceState: wordOf(at("performance_state")),
    utilisationPercent: number("utilization/gpu_util"),
    memoryTotalMib: number("fb_memory_usage/total"),
    memoryUsedMib: number("fb_memory_usage/used"),
    temperatures: temperaturesOf(node),
    powerWatts: number(
      "gpu_power_readings/instant_power_draw",
      "gpu_power_readings/power_draw",
      "gpu_power_readings/average_power_draw",
      "power_readings/power_draw",
    ),
    powerLimitWatts: number(
      "gpu_power_readings/current_power_limit",
      "power_readings/enforced_power_limit",
      "power_readings/power_limit",
    ),
    smClockMhz: number("clocks/sm_clock", "clocks/graphics_clock"),
    smClockMaxMhz: number("max_clocks/sm_clock", "max_clocks/graphics_clock"),
    memoryClockMhz: number("clocks/mem_clock"),
    throttle: throttleOf(node),
    ecc: eccOf(node),
    remapped: remappedOf(node),
    pageRetirementPending: truthOf(
      at("retired_pages/pending_retirement", "retired_pages/pending_blacklist"),
    ),
    mig: migOf(node),
    recoveryAction: wordOf(at("gpu_recovery_action")),
    resetRequired: truthOf(at("gpu_reset_status/reset_required")),
    drainRecommended: truthOf(at("gpu_reset_status/drain_and_reset_recommended")),
    linkWidth: number("pci/pci_gpu_link_info/link_widths/current_link_width"),
    linkWidthMax: number("pci/pci_gpu_link_info/link_widths/max_link_width"),
    linkGeneration: number("pci/pci_gpu_link_info/pcie_gen/current_link_gen"),
    fabricState: wordOf(at("fabric/state")),
    fabricStatus: wordOf(at("fabric/status")),
    processes: processesOf(node),
  };
}

function faultsOf(node: XmlElement): Faults {
  const faults = leafTexts(node).map(faultOf);
  const count = (kind: keyof Faults) => faults.filter((fault) => fault === kind).length;
  return {
    lost: count("lost"),
    resetRequired: count("resetRequired"),
    unreadable: count("unreadable"),
  };
}

function temperaturesOf(node: XmlElement): Temperatures {
  const number = (name: string) => numberOf(textAt(node, [`temperature/${name}`]));
  return {
    gpuCelsius: number("gpu_temp"),
    memoryCelsius: number("memory_temp"),
    slowdownCelsius: number("gpu_temp_slow_threshold"),
    operatingMaxCelsius: number("gpu_temp_max_gpu_threshold"),
    memoryMaxCelsius: number("gpu_temp_max_mem_threshold"),
    headroomCelsius: number("gpu_temp_tlimit"),
    slowdownHeadroomCelsius: number("gpu_temp_slow_tlimit_threshold"),
  };
}

/** `clocks_throttle_reasons` until branch 530, `clocks_event_reasons` after it; their leaves likewise. */
function throttleOf(node: XmlElement): readonly string[] {
  const reasons = elementAt(node, ["clocks_event_reasons", "clocks_throttle_reasons"]);
  return elementsOf(reasons ?? node)
    .filter(({ name, text }) => /^clocks_(event|throttle)_reason_/.test(name) && truthOf(text))
    .map(({ name }) => name.replace(/^clocks_(event|throttle)_reason_/, ""));
}

function eccOf(node: XmlElement): Ecc {
  const truth = (name: string) => truthOf(textAt(node, [name]));
  const either = (a: boolean | null, b: boolean | null) => (a === null ? b : a || b === true);
  return {
    enabled: truth("ecc_mode/current_ecc"),
    pendingEnabled: truth("ecc_mode/pending_ecc"),
    volatile: countsOf(elementAt(node, ["ecc_errors/volatile"])),
    aggregate: countsOf(elementAt(node, ["ecc_errors/aggregate"])),
    sramThresholdExceeded: truth("ecc_errors/aggregate/sram_threshold_exceeded"),
    repairPending: either(
      truth("ecc_errors/channel_repair_pending"),
      truth("ecc_errors/tpc_repair_pending"),
    ),
    unrepairableMemory: truth("ecc_errors/unrepairable_memory"),
  };
}

/**
 * Before Ampere: `single_bit/total` and `double_bit/total`. Since: SRAM and DRAM apart, and uncorrectable
 * errors of SRAM in one number or, since branch 550, in two (parity and SEC-DED).
 */
function countsOf(node: XmlElement | null): ErrorCounts {
  if (node === null) return { correctable: null, uncorrectable: null };
  const older = elementAt(node, ["double_bit/total"]);
  if (older !== null) {
    return {
      correctable: numberOf(textAt(node, ["single_bit/total"])),
      uncorrectable: numberOf(older.text),
    };
  }
  const sum = (pattern: RegExp) => {
    const numbers = elementsOf(node)
      .filter(({ name }) => pattern.test(name))
      .map(({ text }) => numberOf(text))
      .filter((value) => value !== null);
    return numbers.length === 0 ? null : numbers.reduce((total, value) => total + value, 0);
  };
  return { correctable: sum(/_correctable/), uncorrectable: sum(/_uncorrectable/) };
}

function remappedOf(node: XmlElement): RemappedRows {
  const at = (name: string) => textAt(node, [`remapped_rows/${name}`]);
  return {
    correctable: numberOf(at("remapped_row_corr")),
    uncorrectable: numberOf(at("remapped_row_unc")),
    pending: truthOf(at("remapped_row_pending")),
    failed: truthOf(at("remapped_row_failure")),
    banksWithoutSpare: numberOf(at("row_remapper_histogram/row_remapper_histogram_none")),
  };
}

function migOf(node: XmlElement): Mig {
  const devices = elementAt(node, ["mig_devices"]);
  return {
    enabled: truthOf(textAt(node, ["mig_mode/current_mig"])),
    pendingEnabled: truthOf(textAt(node, ["mig_mode/pending_mig"])),
    devices: devices === null ? [] : childrenOf(devices, "mig_device").map(migDevice),
  };
}

function migDevice(node: XmlElement): MigDevice {
  const number = (name: string) => numberOf(textAt(node, [name]));
  return {
    gpuInstance: number("gpu_instance_id"),
    computeInstance: number("compute_instance_id"),
    memoryTotalMib: number("fb_memory_usage/total"),
    memoryUsedMib: number("fb_memory_usage/used"),
    uncorrectable: countsOf(elementAt(node, ["ecc_error_count/volatile_count"])).uncorrectable,
  };
}

function processesOf(node: XmlElement): readonly GpuProcess[] {
  const processes = elementAt(node, ["processes"]);
  if (processes === null) return [];
  return childrenOf(processes, "process_info").map((one) => ({
    pid: numberOf(textAt(one, ["pid"])),
    type: wordOf(textAt(one, ["type"])),
    name: wordOf(textAt(one, ["process_name"])),
    memoryMib: numberOf(textAt(one, ["used_memory"])),
    gpuInstance: numberOf(textAt(one, ["gpu_instance_id"])),
  }));
}
