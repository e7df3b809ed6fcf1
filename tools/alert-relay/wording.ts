/** The relay's own words; what an alert says of itself stands as its rule has it. Pure data. */
import type { Language } from "./channel.ts";

export interface Words {
  readonly severity: Readonly<Record<string, string>>;
  readonly firing: string;
  readonly resolved: string;
  readonly site: string;
  readonly about: string;
  readonly value: string;
  readonly since: string;
  readonly until: string;
  readonly runbook: string;
  readonly dashboard: string;
  /** Heads of a message with several alerts. */
  readonly counts: (firing: number, resolved: number) => string;
  readonly more: (count: number) => string;
  readonly colon: string;
}

export const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    severity: { critical: "CRITICAL", error: "ERROR", warning: "WARNING", info: "INFO" },
    firing: "firing",
    resolved: "resolved",
    site: "Site",
    about: "About",
    value: "Value",
    since: "Since",
    until: "Until",
    runbook: "Runbook",
    dashboard: "Dashboard",
    counts: (firing, resolved) =>
      [
        ...(firing > 0 ? [`${firing} firing`] : []),
        ...(resolved > 0 ? [`${resolved} resolved`] : []),
      ].join(", "),
    more: (count) => `and ${count} more, in Alertmanager`,
    colon: ": ",
  },
  zh: {
    severity: { critical: "严重", error: "错误", warning: "警告", info: "提示" },
    firing: "触发",
    resolved: "已恢复",
    site: "站点",
    about: "对象",
    value: "当前值",
    since: "开始",
    until: "结束",
    runbook: "处理手册",
    dashboard: "仪表盘",
    counts: (firing, resolved) =>
      [
        ...(firing > 0 ? [`${firing} 条触发`] : []),
        ...(resolved > 0 ? [`${resolved} 条恢复`] : []),
      ].join("，"),
    more: (count) => `另有 ${count} 条，见 Alertmanager`,
    colon: "：",
  },
};
