/** The program: reads the settings once, picks the site's file, exports what callers need. */
import { needsForUp } from "../config/needs-for-up.ts";
import { accepted, configuration, refuse, refuseUp } from "../config/settings.ts";
import { siteTold } from "./other-site.ts";
import { withOtherStack } from "./other-stack.ts";
import { siteFaults } from "./site-faults.ts";
import { imagesOf } from "./site-images.ts";
import { siteProgram } from "./site-program.ts";

const settings = accepted(await withOtherStack(configuration()));
refuse(siteFaults(settings));
refuseUp(needsForUp(settings, imagesOf(settings)));

const make = await siteProgram(settings);
const outputs = make(settings);

export const { url, consoleUrl, caCertificate, apiKey, adminUser, adminPassword, prometheusUrl } =
  outputs;
export const { apiKeys, models, plan, replication } = outputs;
export const site = siteTold(settings);
