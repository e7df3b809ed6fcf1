/** The keys of a site on AWS. Patients' data are in no cloud. Pure. */
import { KEY_PURPOSES } from "../components/aws/key-policies.ts";

export const PURPOSES = KEY_PURPOSES.filter((purpose) => purpose !== "patient");
