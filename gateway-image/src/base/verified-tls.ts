/** TLS to a store of the same site: 1.3, verified with the site's CA, which may change meanwhile. */
import { isIP } from "node:net";

/**
 * The CA is a getter because the clients read it at each connection. `host` null: of a client that
 * learns it at the connection and verifies that one.
 */
export function verifiedTls(host: string | null, ca: () => string | null) {
  return {
    // A name is verified as such; an address is verified by itself and must not be sent (RFC 6066).
    ...(host === null || isIP(host) !== 0 ? {} : { servername: host }),
    minVersion: "TLSv1.3" as const,
    get ca() {
      return ca() ?? undefined;
    },
  };
}
