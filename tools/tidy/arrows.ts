/**
 * Who may import whom. A room is a folder; a file belongs to the longest room that holds it. Every
 * import between two rooms must be an arrow of this table. Tests and fixtures may look anywhere.
 */

/** room → the rooms it may import from (its own room is always allowed). */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  stacks: ["components", "components/sizing", "config"],
  components: ["components/sizing", "observability"],
  "components/sizing": [],
  config: [],
  observability: [],
  policies: [],

  "gateway-image": [],
  "gateway-image/src/base": [],
  "gateway-image/src/directory": ["gateway-image/src", "gateway-image/src/base"],
  "gateway-image/src/stores": [
    "gateway-image/src/jobs",
    "gateway-image/src/audit",
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/directory",
  ],
  "gateway-image/src/telemetry": ["gateway-image/src", "gateway-image/src/base"],
  "gateway-image/src/proxy": [
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/directory",
    "gateway-image/src/content",
  ],
  "gateway-image/src/identity": [
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/directory",
    "gateway-image/src/stores",
  ],
  "gateway-image/src/quota": [
    "gateway-image/src/webhooks",
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/directory",
    "gateway-image/src/stores",
  ],
  "gateway-image/src/content": [
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/directory",
  ],
  "gateway-image/src/audit": ["gateway-image/src", "gateway-image/src/base"],
  "gateway-image/src/webhooks": ["gateway-image/src", "gateway-image/src/base"],
  "gateway-image/src/jobs": [
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/directory",
    "gateway-image/src/webhooks",
  ],
  "gateway-image/src/fine-tuning": [
    "gateway-image/src/webhooks",
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/directory",
    "gateway-image/src/jobs",
  ],
  "gateway-image/src/sockets": [
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/proxy",
    "gateway-image/src/telemetry",
  ],
  "gateway-image/src/native": [
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/proxy",
    "gateway-image/src/stores",
  ],
  "gateway-image/src/console": [
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/stores",
  ],
  "gateway-image/src/steps": [
    "gateway-image/src/console",
    "gateway-image/src/webhooks",
    "gateway-image/src/fine-tuning",
    "gateway-image/src/sockets",
    "gateway-image/src/admin",
    "gateway-image/src/native",
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/directory",
    "gateway-image/src/identity",
    "gateway-image/src/quota",
    "gateway-image/src/content",
    "gateway-image/src/audit",
    "gateway-image/src/jobs",
    "gateway-image/src/proxy",
    "gateway-image/src/stores",
    "gateway-image/src/telemetry",
  ],
  "gateway-image/src/admin": [
    "gateway-image/src/fine-tuning",
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/directory",
    "gateway-image/src/identity",
    "gateway-image/src/quota",
    "gateway-image/src/content",
    "gateway-image/src/audit",
    "gateway-image/src/jobs",
    "gateway-image/src/proxy",
    "gateway-image/src/stores",
    "gateway-image/src/telemetry",
    "gateway-image/src/steps",
  ],
  "gateway-image/src/api": [
    "gateway-image/src/sockets",
    "gateway-image/src",
    "gateway-image/src/base",
    "gateway-image/src/directory",
    "gateway-image/src/identity",
    "gateway-image/src/quota",
    "gateway-image/src/content",
    "gateway-image/src/audit",
    "gateway-image/src/jobs",
    "gateway-image/src/proxy",
    "gateway-image/src/stores",
    "gateway-image/src/telemetry",
    "gateway-image/src/steps",
    "gateway-image/src/admin",
  ],
  "gateway-image/src": [
    "gateway-image/src/console",
    "gateway-image/src/webhooks",
    "gateway-image/src/sockets",
    "gateway-image/src/fine-tuning",
    "gateway-image/src/native",
    "gateway-image/src/base",
    "gateway-image/src/steps",
    "gateway-image/src/admin",
    "gateway-image/src/api",
    "gateway-image/src/directory",
    "gateway-image/src/identity",
    "gateway-image/src/quota",
    "gateway-image/src/content",
    "gateway-image/src/audit",
    "gateway-image/src/jobs",
    "gateway-image/src/proxy",
    "gateway-image/src/stores",
    "gateway-image/src/telemetry",
  ],

  // Clients that people copy into their own programs: they know nothing of ours.
  sdk: [],

  "tools/base": [],
  "tools/pki": ["tools/base"],
  "tools/debian": ["tools/base"],
  "tools/simulator": [],
  "tools/tidy": [],
  "tools/go": ["tools/base", "tools/debian"],
  "tools/images": ["tools/base", "tools/collector", "tools/debian"],
  "tools/cluster": ["tools/base", "tools/debian", "tools/go", "tools/pki"],
  "tools/servers": ["tools/base", "tools/debian", "tools/pki"],
  "tools/bench": ["tools/base", "tools/engine", "tools/debian", "tools/images", "tools/servers"],
  "tools/smoke": [],
  "tools/gpu-check": ["tools/base"],
  "tools/prometheus": [],
  // Names of alerts and panels are the catalogue's own.
  "tools/drill": ["tools/base", "tools/pki", "tools/prometheus", "observability"],
  "tools/engine": ["tools/base"],
  // They judge what the engine planned.
  "tools/collector": ["tools/base", "tools/debian", "tools/go"],
  "tools/judges": ["tools/base", "tools/debian", "tools/engine", "tools/go"],
  "tools/systemd": ["tools/engine", "components/sizing"],
  "tools/aws": ["tools/base"],
  // What the policies found, as reports.
  "tools/evidence": ["tools/base", "tools/engine", "policies"],
  // What a running stack shows; how a trail lies on a disk and what a word is, the gateway says.
  "tools/evidence/live": [
    "tools/base",
    "tools/evidence",
    "tools/prometheus",
    "tools/restore-test",
    "gateway-image/src/audit",
    "gateway-image/src/content",
  ],
  // Data keys are wrapped as the gateway seals.
  "tools/weights": ["tools/base", "tools/aws", "gateway-image/src/base"],
  // Files of a bucket are read as weights are, and records written as the gateway writes JSON.
  "tools/restore-test": ["tools/base", "tools/aws", "tools/weights", "gateway-image/src/base"],
  // How a trail lies on a disk, the gateway says.
  "tools/audit-archive": ["tools/base", "tools/aws", "gateway-image/src/audit"],
  // Bundled into an image of its own.
  "tools/alert-relay": ["tools/base"],
  // What the engine planned of two revisions, as a comment for reviewers.
  "tools/preview": ["tools/base", "tools/engine"],
  "tools/cli": [
    "tools/base",
    "tools/pki",
    "tools/debian",
    "tools/go",
    "tools/images",
    "tools/cluster",
    "tools/engine",
    "tools/judges",
    "tools/evidence",
    "tools/evidence/live",
    "tools/systemd",
    // `npm run policies` judges by the pack's own rules.
    "policies",
    "tools/bench",
    "tools/servers",
    "tools/smoke",
    "tools/gpu-check",
    "tools/drill",
    "tools/weights",
    "tools/aws",
    "tools/preview",
    // `npm run size` shows what stacks are planned with.
    "components/sizing",
    // `npm run gateway` makes its first key, and offers its owners' tools.
    "gateway-image/src/base",
    "gateway-image/src/identity",
    "gateway-image/src/audit",
  ],
};

/** Entry points: nobody imports them, a program or a tool starts them. */
export const ENTRY_POINTS: readonly RegExp[] = [
  /^stacks\/index\.ts$/,
  /^vitest\.config\.ts$/,
  /^policies\/index\.js$/,
  /^gateway-image\/src\/main\.ts$/,
  /^gateway-image\/src\/api\/console\/main\.js$/,
  /^tools\/simulator\/main\.ts$/,
  /^tools\/(weights|audit-archive|alert-relay|restore-test)\/main\.ts$/,
  /^sdk\/conformance\/typescript\.ts$/,
  /^tools\/bench\/gateway\/(bare-proxy|mock-model)\.ts$/,
  /^tools\/bench\/soak\/probe\.ts$/,
  /^tools\/drill\/sink\.ts$/,
  /^tools\/cli\/(bootstrap\.mjs|main\.ts)$/,
  /\/fixtures\//,
  /\.test\.ts$/,
];

/** Files that may read process.env: the edges where values enter a program. */
export const ENVIRONMENT_READERS: readonly RegExp[] = [
  /^tools\/cli\/environment\.ts$/,
  /^tools\/cli\/bootstrap\.mjs$/,
  /(^|\/)config\.ts$/,
  /\/test-[a-z-]+\.ts$/,
  /^config\/settings\.ts$/,
  /\/fixtures\//,
  /\.test\.ts$/,
];

/** The longest room that holds `file`; undefined for files outside every room (root files). */
function roomOf(file: string): string | undefined {
  return Object.keys(ARROWS)
    .filter((room) => file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

export function mayImport(from: string, to: string): boolean {
  const source = roomOf(from);
  const target = roomOf(to);
  if (source === undefined || target === undefined) return source === target;
  return source === target || (ARROWS[source] ?? []).includes(target);
}

export function isTest(file: string): boolean {
  return /\.test\.ts$|\.contract\.ts$|\/fixtures\/|\/test-[a-z-]+\.ts$/.test(file);
}
