/** Laws of China beside MLPS: cybersecurity, data, personal information, cryptography, AI, banks, hospitals. */
import { type Clause, clausesOf } from "./catalogue.ts";

const SIX_MONTHS = { what: "audit retention", least: 184, unit: "days" } as const;
const ONE_YEAR = { what: "audit retention", least: 366, unit: "days" } as const;
const read = { verified: true };

export const CN_CLAUSES: readonly Clause[] = [
  // As numbered since the amendment of 2026-01-01; art. 23 was 21, and art. 27 was 25.
  ...clausesOf("csl", false, [
    [
      "23(3)",
      "监测记录网络运行并留存日志不少于六个月",
      "Network logs of six months at least",
      { ...read, floor: SIX_MONTHS },
    ],
    [
      "23(4)",
      "数据分类、重要数据备份和加密",
      "Data classified; important data backed up and encrypted",
    ],
    ["27", "应急预案与事件处置", "Emergency plans and incidents", read],
  ]),
  ...clausesOf("dsl", false, [
    ["21", "数据分类分级保护", "Data classified and protected by class"],
    ["27", "全流程数据安全管理", "Data security in every step"],
    ["29", "风险监测与事件处置", "Risks watched, incidents handled"],
    ["30", "重要数据风险评估", "Assessment of important data"],
    ["36", "向境外提供数据的限制", "Data handed to authorities abroad"],
  ]),
  ...clausesOf("pipl", false, [
    ["19", "保存期限为最短必要时间", "Kept no longer than needed"],
    ["28", "敏感个人信息处理", "Sensitive personal information"],
    ["38", "向境外提供个人信息的条件", "Personal information abroad"],
    [
      "51",
      "加密、去标识化、权限、教育与预案",
      "Encryption, de-identification, rights, training, plans",
    ],
    ["54", "定期合规审计", "Regular compliance audits"],
    ["55", "个人信息保护影响评估的情形", "When an impact assessment is needed"],
    ["56", "影响评估的内容与保存三年", "What it holds; kept three years"],
    ["57", "泄露事件的补救与通知", "Breaches: remedy and notice"],
  ]),
  // GB/T 39786-2021, level 3.
  ...clausesOf("crypto", false, [
    ["8.1", "物理和环境安全", "Physical environment"],
    ["8.2", "网络和通信安全", "Networks and communication"],
    ["8.3", "设备和计算安全", "Devices and computing"],
    ["8.4", "应用和数据安全", "Applications and data"],
    ["8.5", "管理制度", "Rules and regulations"],
    ["8.6", "人员管理", "Personnel"],
    ["8.7", "建设运行", "Construction and operation"],
    ["8.8", "应急处置", "Emergencies"],
  ]),
  ...clausesOf("ai", false, [
    ["label-4", "显式标识", "Visible labels on generated content"],
    ["label-5", "隐式标识（元数据）", "Hidden labels in metadata"],
    ["label-9", "无显式标识内容的日志留存", "Logs of content without visible labels"],
    ["interim-4", "生成内容合法合规", "Lawful content"],
    ["interim-14", "违法内容停止生成、处置与整改", "Unlawful content is stopped and mended"],
    [
      "45654-filter",
      "关键词库、测试题库与抽检合格率",
      "Keyword list, test banks and sample pass rate",
    ],
  ]),
  ...clausesOf("bank", false, [
    [
      "2009-19-27(2)",
      "系统日志保存不少于一年",
      "System logs of one year at least",
      { ...read, floor: ONE_YEAR },
    ],
    ["2009-19-ch7", "业务连续性管理", "Business continuity"],
    ["2024-24", "银行保险机构数据安全管理", "Data security of banks and insurers"],
    ["2026-8-21", "显著标识与业务存续期日志", "Labels, and logs for the life of the business"],
    ["2026-8-22", "推理路径与阈值触发记录", "Records of reasoning and thresholds"],
    ["20988-2025", "灾难恢复等级", "Levels of disaster recovery"],
  ]),
  ...clausesOf("health", false, [
    ["2022-29-data", "健康医疗数据安全管理", "Security of health data"],
    ["2022-29-cn", "健康医疗数据境内存储", "Health data stays in China"],
  ]),
];
