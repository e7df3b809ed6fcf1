/** The program: reads the settings once, picks the site's file, exports what callers need. */
import { needsForUp } from "../config/needs-for-up.ts";
import { readSettings, refuse, refuseUp } from "../config/settings.ts";
import { siteFaults } from "./site-faults.ts";
import { imagesOf } from "./site-images.ts";

const settings = readSettings();
refuse(siteFaults(settings));
refuseUp(needsForUp(settings, imagesOf(settings)));

// Only the file that is needed is loaded: the AWS SDK alone takes as long as the rest of a preview.
const make =
  settings.environment === "local"
    ? (await import("./local.ts")).local
    : settings.cloud === undefined
      ? (await import("./onprem.ts")).onprem
      : (await import("./cloud.ts")).cloud;

const outputs = make(settings);

export const { url, consoleUrl, caCertificate, apiKey, adminUser, adminPassword, prometheusUrl } =
  outputs;
export const { models, plan, replication } = outputs;
