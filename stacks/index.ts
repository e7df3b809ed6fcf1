/** The program: reads the settings once, picks the environment, exports what callers need. */
import * as pulumi from "@pulumi/pulumi";
import { readSettings } from "../config/settings.ts";
import { local } from "./local.ts";

const environments = { local };

const settings = readSettings();
const environment = settings.environment ?? pulumi.getStack();
if (!(environment in environments)) {
  const known = Object.keys(environments).join(", ");
  throw new pulumi.RunError(
    `Configuration of stack ${pulumi.getStack()} has 1 fault:\n  deepseek:environment\n` +
      `    is ${environment} (the stack's name)\n    right: one of ${known}`,
  );
}

const outputs = environments[environment as keyof typeof environments](settings);

export const { url, caCertificate, apiKey, adminUser, adminPassword } = outputs;
export const { prometheusUrl, models, plan } = outputs;
