/** What is known of one GPU, whichever driver it came from. null: the driver has no such value. */

export interface ErrorCounts {
  readonly correctable: number | null;
  readonly uncorrectable: number | null;
}

export interface MigDevice {
  readonly gpuInstance: number | null;
  readonly computeInstance: number | null;
  readonly memoryTotalMib: number | null;
  readonly memoryUsedMib: number | null;
  readonly uncorrectable: number | null;
}

export interface GpuProcess {
  readonly pid: number | null;
  readonly type: string | null;
  readonly name: string | null;
  readonly memoryMib: number | null;
  readonly gpuInstance: number | null;
}

export interface Temperatures {
  readonly gpuCelsius: number | null;
  readonly memoryCelsius: number | null;
  /** Where the driver slows the GPU down. */
  readonly slowdownCelsius: number | null;
  readonly operatingMaxCelsius: number | null;
  readonly memoryMaxCelsius: number | null;
  /** Newer GPUs tell the distance to their limit instead, and the distance at which they slow down. */
  readonly headroomCelsius: number | null;
  readonly slowdownHeadroomCelsius: number | null;
}

export interface Ecc {
  readonly enabled: boolean | null;
  readonly pendingEnabled: boolean | null;
  /** Since the driver was loaded. */
  readonly volatile: ErrorCounts;
  /** In the life of the GPU. */
  readonly aggregate: ErrorCounts;
  readonly sramThresholdExceeded: boolean | null;
  readonly repairPending: boolean | null;
  readonly unrepairableMemory: boolean | null;
}

export interface RemappedRows {
  readonly correctable: number | null;
  readonly uncorrectable: number | null;
  readonly pending: boolean | null;
  readonly failed: boolean | null;
  /** Banks of memory that have no spare row left. */
  readonly banksWithoutSpare: number | null;
}

export interface Mig {
  readonly enabled: boolean | null;
  readonly pendingEnabled: boolean | null;
  readonly devices: readonly MigDevice[];
}

export interface Faults {
  /** Fields in whose place a fault stands. */
  readonly lost: number;
  readonly resetRequired: number;
  readonly unreadable: number;
}

export interface Gpu {
  readonly index: number | null;
  readonly pci: string;
  readonly uuid: string | null;
  readonly name: string | null;
  readonly faults: Faults;
  readonly persistence: boolean | null;
  readonly performanceState: string | null;
  readonly utilisationPercent: number | null;
  readonly memoryTotalMib: number | null;
  readonly memoryUsedMib: number | null;
  readonly temperatures: Temperatures;
  readonly powerWatts: number | null;
  readonly powerLimitWatts: number | null;
  readonly smClockMhz: number | null;
  readonly smClockMaxMhz: number | null;
  readonly memoryClockMhz: number | null;
  /** Active reasons for a lower clock, by the end of their node's name: `hw_thermal_slowdown`. */
  readonly throttle: readonly string[];
  readonly ecc: Ecc;
  readonly remapped: RemappedRows;
  readonly pageRetirementPending: boolean | null;
  readonly mig: Mig;
  /** Drivers since branch 565: what must be done before the GPU serves again; null: nothing. */
  readonly recoveryAction: string | null;
  readonly resetRequired: boolean | null;
  readonly drainRecommended: boolean | null;
  readonly linkWidth: number | null;
  readonly linkWidthMax: number | null;
  readonly linkGeneration: number | null;
  readonly fabricState: string | null;
  readonly fabricStatus: string | null;
  readonly processes: readonly GpuProcess[];
}

/** A GPU that nvidia-smi names but cannot open; `pci` where it says which one. */
export interface LostGpu {
  readonly index: number | null;
  readonly pci: string | null;
  readonly reason: string;
}
