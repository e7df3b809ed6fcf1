/** The laws of the catalogue, with the day from which their numbering, as used here, is in force. */
import type { LawEntry } from "./catalogue.ts";

export const LAWS: readonly LawEntry[] = [
  {
    law: "mlps",
    title: {
      zh: "网络安全等级保护 2.0 第三级（GB/T 22239-2019）",
      en: "MLPS 2.0 level 3 (GB/T 22239-2019)",
    },
    effective: "2019-12-01",
    source: "GB/T 22239-2019; GB/T 28448-2019",
  },
  {
    law: "csl",
    title: { zh: "网络安全法（2025 年修正）", en: "Cybersecurity Law (amended 2025)" },
    effective: "2026-01-01",
    source: "中华人民共和国网络安全法（2025 年修正）",
  },
  {
    law: "dsl",
    title: { zh: "数据安全法", en: "Data Security Law" },
    effective: "2021-09-01",
    source: "中华人民共和国数据安全法",
  },
  {
    law: "pipl",
    title: { zh: "个人信息保护法", en: "Personal Information Protection Law" },
    effective: "2021-11-01",
    source: "中华人民共和国个人信息保护法",
  },
  {
    law: "crypto",
    title: {
      zh: "信息系统密码应用基本要求 第三级（GB/T 39786-2021）",
      en: "Cryptography application, level 3 (GB/T 39786-2021)",
    },
    effective: "2021-10-01",
    source: "GB/T 39786-2021",
  },
  {
    law: "ai",
    title: { zh: "生成式人工智能与内容标识规则", en: "Generative AI and content labelling" },
    effective: "2025-11-01",
    source: "人工智能生成合成内容标识办法；生成式人工智能服务管理暂行办法；GB/T 45654-2025",
  },
  {
    law: "bank",
    title: { zh: "银行业监管规则", en: "Rules for banks" },
    effective: "2026-06-18",
    source:
      "银监发〔2009〕19号；金规〔2024〕24号；金发〔2026〕8号；GB/T 20988-2025; JR/T 0071.2-2020",
  },
  {
    law: "health",
    title: { zh: "医疗卫生机构网络安全管理", en: "Rules for hospitals" },
    effective: "2022-08-08",
    source: "国卫规划发〔2022〕29号",
  },
  {
    law: "gdpr",
    title: { zh: "欧盟通用数据保护条例", en: "General Data Protection Regulation" },
    effective: "2018-05-25",
    source: "Regulation (EU) 2016/679",
  },
  {
    law: "hipaa",
    title: { zh: "HIPAA 安全规则", en: "HIPAA Security Rule" },
    effective: "2013-09-23",
    source: "45 CFR part 164, subparts C and E",
  },
];
