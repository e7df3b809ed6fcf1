/** The namespaces of a site. */
export const SERVICE = "deepseek";
export const GPU_NAMESPACE = "deepseek-gpu";
export const PATIENT_NAMESPACE = "deepseek-patient";
export const MONITORING = "monitoring";
