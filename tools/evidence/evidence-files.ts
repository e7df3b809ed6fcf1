/** All reports of a stack, as names and texts. */
import type { Catalogue } from "../../policies/catalogue/catalogue.ts";
import type { Assessment } from "./assessment.ts";
import type { DataMap } from "./data-map.ts";
import { dpiaBlocks } from "./dpia.ts";
import { junit } from "./junit.ts";
import { oscal } from "./oscal.ts";
import { renderHtml } from "./render-html.ts";
import { renderMarkdown } from "./render-markdown.ts";
import { reportBlocks } from "./report.ts";
import { sarif } from "./sarif.ts";
import { workbook } from "./workbook.ts";

export interface EvidenceFile {
  readonly name: string;
  readonly text: string;
}

const LANGUAGES = ["zh", "en"] as const;

export function evidenceFiles(
  assessment: Assessment,
  catalogue: Catalogue,
  map: DataMap,
): EvidenceFile[] {
  const forPeople = LANGUAGES.flatMap((language) => {
    const report = reportBlocks(assessment, catalogue.laws, language);
    const dpia = dpiaBlocks(assessment, map, language);
    return [
      { name: `report.${language}.html`, text: renderHtml(report, language) },
      { name: `report.${language}.md`, text: renderMarkdown(report) },
      { name: `dpia.${language}.html`, text: renderHtml(dpia, language) },
      { name: `dpia.${language}.md`, text: renderMarkdown(dpia) },
    ];
  });
  return [
    ...forPeople,
    { name: "results.sarif", text: json(sarif(assessment, catalogue)) },
    { name: "assessment-results.oscal.json", text: json(oscal(assessment)) },
    { name: "junit.xml", text: junit(assessment) },
    { name: "workbook.csv", text: workbook(assessment, catalogue.laws) },
  ];
}

function json(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
