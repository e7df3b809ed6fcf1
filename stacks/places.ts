/** The namespaces of a site, and where others answer. */
export const SERVICE = "deepseek";
export const GPU_NAMESPACE = "deepseek-gpu";
export const PATIENT_NAMESPACE = "deepseek-patient";
export const MONITORING = "monitoring";
/** Where the agents that read log files run. */
export const LOGS_NAMESPACE = "deepseek-logs";

/** Of an https address; one that names none is at 443. */
export function httpsPort(address: string): number {
  const { port } = new URL(address);
  return port === "" ? 443 : Number(port);
}
