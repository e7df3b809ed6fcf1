/** Keeps credentials of the machine from the programs that are compared: neither needs any. Pure. */

const CREDENTIAL =
  /TOKEN|SECRET|PASSWORD|PASSPHRASE|CREDENTIAL|PRIVATE|ACCESS_KEY|API_KEY|_KEY$|^KUBECONFIG$|_PROXY$|^SSH_/i;

/** Variables that look like credentials are there, and empty: what is left out would be inherited. */
export function withoutCredentials(
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, CREDENTIAL.test(name) ? "" : value]),
  );
}
