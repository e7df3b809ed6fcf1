/** Profiles: which laws a stack answers to, and the floors and ceilings that its rules measure by. */
import type { Law } from "./catalogue.ts";

export type ProfileName = "cnGeneral" | "cnBank" | "cnHospital" | "usHospital" | "gdpr";

export interface Floors {
  /** The audit trail: fewer days break a law. */
  readonly auditDaysMin: number;
  /** More days than this need a purpose of their own; null: the profile's laws set no ceiling. */
  readonly auditDaysMax: number | null;
  /** Logs of the network and of the cluster's control plane. */
  readonly logDaysMin: number;
  /** Backups of what is not the audit trail. */
  readonly backupDaysMin: number;
  /** Regions of a cloud in which data may lie; `*` stands for any text. */
  readonly regions: readonly string[];
  /** May a call be answered by a provider outside? */
  readonly outsideProviders: boolean;
  /** Is there a store for patients' data apart from everything else? */
  readonly patientStore: boolean;
}

export interface Profile {
  readonly name: ProfileName;
  readonly title: { readonly zh: string; readonly en: string };
  readonly laws: readonly Law[];
  readonly floors: Floors;
}

// Six months of the Cybersecurity Law, art. 23(3): up to 184 days.
const SIX_MONTHS = 184;
// One year, leap years included.
const ONE_YEAR = 366;
// 45 CFR 164.316(b)(2)(i): six years, two leap days included.
const SIX_YEARS = 2_192;
// GB/T 22239-2019 8.1.4.9 sets no number; a week outlasts a long weekend and its discovery.
const BACKUP_DAYS = 7;
/**
 * The GDPR sets no number. Three years is the general limitation period of several member states (as in
 * § 195 BGB), which ends with a calendar year, hence four; who needs more says so in the settings.
 */
const LIMITATION_DAYS = 1_461;

const CHINA = ["cn-*"];
const CN_LAWS: readonly Law[] = ["mlps", "csl", "dsl", "pipl", "crypto", "ai"];

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  cnGeneral: {
    name: "cnGeneral",
    title: { zh: "通用（中国）", en: "General, China" },
    laws: CN_LAWS,
    floors: {
      auditDaysMin: SIX_MONTHS,
      auditDaysMax: null,
      logDaysMin: SIX_MONTHS,
      backupDaysMin: BACKUP_DAYS,
      regions: CHINA,
      outsideProviders: true,
      patientStore: false,
    },
  },
  cnBank: {
    name: "cnBank",
    title: { zh: "银行（中国）", en: "Bank, China" },
    laws: [...CN_LAWS, "bank"],
    floors: {
      auditDaysMin: ONE_YEAR,
      auditDaysMax: null,
      logDaysMin: ONE_YEAR,
      backupDaysMin: BACKUP_DAYS,
      regions: CHINA,
      outsideProviders: false,
      patientStore: false,
    },
  },
  cnHospital: {
    name: "cnHospital",
    title: { zh: "医院（中国）", en: "Hospital, China" },
    laws: [...CN_LAWS, "health"],
    floors: {
      auditDaysMin: SIX_MONTHS,
      auditDaysMax: null,
      logDaysMin: SIX_MONTHS,
      backupDaysMin: BACKUP_DAYS,
      regions: CHINA,
      outsideProviders: false,
      patientStore: true,
    },
  },
  usHospital: {
    name: "usHospital",
    title: { zh: "医院（美国）", en: "Hospital, United States" },
    laws: ["hipaa"],
    floors: {
      // Whether raw audit logs are "documentation" is disputed; the longer reading is the safe one.
      auditDaysMin: SIX_YEARS,
      auditDaysMax: null,
      logDaysMin: SIX_YEARS,
      backupDaysMin: BACKUP_DAYS,
      // HIPAA names no country; a business associate abroad cannot be held to it.
      regions: ["us-*"],
      outsideProviders: false,
      patientStore: true,
    },
  },
  gdpr: {
    name: "gdpr",
    title: { zh: "欧盟（GDPR）", en: "European Union (GDPR)" },
    laws: ["gdpr"],
    floors: {
      // No number in the law; less than a quarter finds no abuse.
      auditDaysMin: 90,
      auditDaysMax: LIMITATION_DAYS,
      logDaysMin: 90,
      backupDaysMin: BACKUP_DAYS,
      // Art. 44 is about transfers, not about places: regions within the Union need none.
      regions: ["eu-*"],
      outsideProviders: false,
      patientStore: false,
    },
  },
};
