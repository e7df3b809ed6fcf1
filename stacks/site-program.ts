/** Which program makes a site. Only the file that is needed is loaded: the AWS SDK alone takes as long as the rest of a preview. */
import type { Settings } from "../config/schema.ts";

export async function siteProgram({ environment, cloud }: Settings) {
  if (environment === "local") return (await import("./local.ts")).local;
  if (cloud === undefined) return (await import("./onprem.ts")).onprem;
  return (await import("./cloud.ts")).cloud;
}
