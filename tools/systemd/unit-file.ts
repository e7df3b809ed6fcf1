/** Unit files as text, and the walls that every service of ours stands within. Pure. */

/** Settings in their order; a name may come several times. */
export type Settings = readonly (readonly [name: string, value: string])[];

export interface Unit {
  /** What the file is for, as its first lines. */
  readonly comment: string;
  readonly unit: Settings;
  readonly service?: Settings;
  readonly install: Settings;
}

export function unitFile({ comment, unit, service, install }: Unit): string {
  const section = (name: string, settings: Settings) =>
    `[${name}]\n${settings.map(([key, value]) => `${key}=${value}\n`).join("")}`;
  return [
    comment
      .split("\n")
      .map((line) => `# ${line}\n`)
      .join(""),
    section("Unit", unit),
    ...(service === undefined ? [] : [section("Service", service)]),
    section("Install", install),
  ].join("\n");
}

/** `Environment=` with one variable; `%` begins a specifier unless it is doubled. */
export function variable(name: string, value: string): readonly [string, string] {
  return ["Environment", `"${name}=${quoted(value)}"`];
}

/** For texts that may hold anything: no specifier, no end of the quotes. */
export function literal(text: string): string {
  return text.replaceAll("%", "%%");
}

function quoted(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

export interface Walls {
  /** Without it the program has none. */
  readonly capability?: "CAP_NET_BIND_SERVICE";
  /** Node.js makes machine code while it runs; nginx does not. */
  readonly makesCode: boolean;
}

/** What systemd.exec(5) offers against a program that was taken over. The same for all, less what one needs. */
export function walls({ capability = undefined, makesCode }: Walls): Settings {
  return [
    ["NoNewPrivileges", "yes"],
    ["CapabilityBoundingSet", capability ?? ""],
    ...(capability === undefined ? [] : ([["AmbientCapabilities", capability]] as const)),
    // The whole file system is read-only, but for the state and the temporary folder of its own.
    ["ProtectSystem", "strict"],
    ["ProtectHome", "yes"],
    ["PrivateTmp", "yes"],
    ["PrivateDevices", "yes"],
    ["PrivateUsers", capability === undefined ? "yes" : "no"],
    ["PrivateIPC", "yes"],
    ["ProtectHostname", "yes"],
    ["ProtectClock", "yes"],
    ["ProtectKernelTunables", "yes"],
    ["ProtectKernelModules", "yes"],
    ["ProtectKernelLogs", "yes"],
    ["ProtectControlGroups", "yes"],
    ["ProtectProc", "invisible"],
    ["LockPersonality", "yes"],
    ["MemoryDenyWriteExecute", makesCode ? "no" : "yes"],
    ["RemoveIPC", "yes"],
    ["RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"],
    ["RestrictNamespaces", "yes"],
    ["RestrictRealtime", "yes"],
    ["RestrictSUIDSGID", "yes"],
    ["SystemCallArchitectures", "native"],
    ["SystemCallFilter", "@system-service"],
    ["SystemCallFilter", "~@privileged @resources"],
    ["SystemCallErrorNumber", "EPERM"],
    ["UMask", "0077"],
  ];
}
