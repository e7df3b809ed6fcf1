/** The environment that the program and the Pulumi providers get: this process's own, and more. */

/** The state's passphrase is the engine's business alone. */
const KEPT_BACK: ReadonlySet<string> = new Set([
  "PULUMI_CONFIG_PASSPHRASE",
  "PULUMI_CONFIG_PASSPHRASE_FILE",
]);

export function wholeEnvironment(added: Readonly<Record<string, string>>): Record<string, string> {
  const whole: Record<string, string> = {};
  for (const [key, value] of Object.entries(process.env)) {
    if (value !== undefined && !KEPT_BACK.has(key)) whole[key] = value;
  }
  return { ...whole, ...added };
}
