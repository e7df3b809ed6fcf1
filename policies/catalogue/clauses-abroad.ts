/**
 * The GDPR and the HIPAA Security Rule. The GDPR sets no places but transfers (art. 44); of HIPAA,
 * encryption is "addressable": an alternative may be written down instead.
 */
import { type Clause, clausesOf } from "./catalogue.ts";

const SIX_YEARS = { what: "retention of documentation", least: 2192, unit: "days" } as const;

export const GDPR: readonly Clause[] = clausesOf("gdpr", true, [
  ["5(1)(c)", "数据最小化", "Data minimisation"],
  ["5(1)(e)", "存储限制（亦为上限）", "Storage limitation, which is a ceiling"],
  ["5(1)(f)", "完整性与保密性", "Integrity and confidentiality"],
  ["5(2)", "问责", "Accountability"],
  ["9", "特殊类别数据", "Special categories"],
  ["17", "被遗忘权", "Erasure"],
  ["22", "自动化决策", "Automated decisions"],
  ["25", "设计与默认的数据保护", "Data protection by design and by default"],
  ["28", "处理者", "Processors"],
  ["30", "处理活动记录", "Records of processing"],
  ["32(1)(a)", "假名化与加密", "Pseudonymisation and encryption"],
  [
    "32(1)(b)",
    "持续的保密、完整、可用与韧性",
    "Ongoing confidentiality, integrity, availability, resilience",
  ],
  ["32(1)(c)", "及时恢复可用性", "Timely restoration"],
  ["32(1)(d)", "定期测试有效性", "Regular testing"],
  ["32(4)", "仅按指示处理", "Processing on instruction only"],
  ["33", "向监管机构通报泄露", "Breaches told to the authority"],
  ["34", "向数据主体通报泄露", "Breaches told to the persons"],
  ["35(7)(a)", "影响评估：处理活动与目的", "DPIA: operations and purposes"],
  ["35(7)(b)", "影响评估：必要性与相称性", "DPIA: necessity and proportionality"],
  ["35(7)(c)", "影响评估：风险", "DPIA: risks"],
  ["35(7)(d)", "影响评估：措施", "DPIA: measures"],
  ["36", "事先咨询", "Prior consultation"],
  ["44", "向第三国传输的一般原则", "Transfers to third countries"],
]);

export const HIPAA: readonly Clause[] = clausesOf("hipaa", true, [
  ["164.308(a)(1)(ii)(A)", "风险分析", "Risk analysis"],
  ["164.308(a)(3)", "员工安全", "Workforce security"],
  ["164.308(a)(4)", "信息访问管理", "Information access management"],
  ["164.308(a)(5)(ii)(B)", "恶意软件防护（可选择性）", "Malicious software (addressable)"],
  ["164.308(a)(6)", "安全事件程序", "Security incidents"],
  ["164.308(a)(7)(ii)(A)", "数据备份计划", "Data backup plan"],
  ["164.308(a)(7)(ii)(B)", "灾难恢复计划", "Disaster recovery plan"],
  ["164.308(a)(7)(ii)(C)", "紧急模式运行", "Emergency mode operation"],
  ["164.308(a)(7)(ii)(D)", "测试与修订（可选择性）", "Testing and revision (addressable)"],
  ["164.310(d)(2)(i)", "介质处置", "Disposal"],
  ["164.312(a)(1)", "访问控制", "Access control"],
  ["164.312(a)(2)(i)", "唯一用户标识", "Unique user identification"],
  ["164.312(a)(2)(iii)", "自动退出（可选择性）", "Automatic logoff (addressable)"],
  ["164.312(a)(2)(iv)", "静态加密（可选择性）", "Encryption at rest (addressable)"],
  ["164.312(b)", "审计控制", "Audit controls"],
  ["164.312(c)(1)", "完整性", "Integrity"],
  ["164.312(c)(2)", "数据完整性验证（可选择性）", "Mechanism to authenticate data (addressable)"],
  ["164.312(d)", "身份验证", "Person or entity authentication"],
  ["164.312(e)(1)", "传输安全", "Transmission security"],
  ["164.312(e)(2)(ii)", "传输加密（可选择性）", "Encryption in transit (addressable)"],
  ["164.314", "商业伙伴合同", "Business associate contracts"],
  ["164.316(b)(1)", "文档", "Documentation"],
  ["164.316(b)(2)(i)", "文档保存六年", "Documentation kept six years", { floor: SIX_YEARS }],
  ["164.502(b)", "最小必要", "Minimum necessary"],
  ["164.514", "去标识化", "De-identification"],
]);
