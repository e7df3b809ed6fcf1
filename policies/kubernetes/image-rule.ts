/** The frame of a rule about images: of containers, and of what an operator makes containers of. */
import type { Context, Report, Rule } from "../judging/rule.ts";
import { judgeEach } from "./judge.ts";
import { type PodRule, podRule } from "./pod-rule.ts";
import { isPostgresCluster, kindOf, nameIn, valuesAt, whereOf } from "./pods.ts";
import { at, type Fields, isPresent } from "./values.ts";

export interface ImageRule extends Pick<Rule, "name" | "description" | "severity"> {
  readonly configSchema?: NonNullable<PodRule["configSchema"]>;
  readonly image: (where: string, image: string, report: Report, context: Context) => void;
}

/** Where objects of CloudNativePG name images; `*` stands for every entry of a list. */
const PLACES: readonly (readonly string[])[] = [
  ["spec", "imageName"],
  ["spec", "images", "*", "image"],
  ["spec", "postgresql", "extensions", "*", "image", "reference"],
];

export function imageRule({ image: judgeImage, ...rest }: ImageRule): Rule {
  const named = (where: string, image: unknown, report: Report, context: Context) => {
    if (typeof image === "string" && image.trim() !== "") judgeImage(where, image, report, context);
    else report.fails(`${where} names no image. Give repository:version@digest.`);
  };
  const ofPods = podRule({
    ...rest,
    container: (pod, container, report, context) =>
      named(whereOf(pod, container), container.fields["image"], report, context),
  });
  return {
    ...ofPods,
    about: "pods or database clusters",
    applies: (resource, context) =>
      isPostgresCluster(resource.type) ||
      isCatalogue(resource.type) ||
      ofPods.applies(resource, context),
    judge: (resource, report, context) => {
      const { type, props } = resource;
      if (!isPostgresCluster(type) && !isCatalogue(type))
        return ofPods.judge(resource, report, context);
      const where = `${kindOf(type)} ${nameIn(props)}`;
      judgeEach(PLACES, (place) => {
        const images = valuesAt(props, place).filter(isPresent);
        judgeEach(images, (image) => named(where, image, report, context));
      });
      if (isPostgresCluster(type) && isUnnamed(props)) named(where, undefined, report, context);
    },
  };
}

/** The operator then takes an image of its own. */
function isUnnamed(props: Fields): boolean {
  return !["imageName", "imageCatalogRef"].some((key) => isPresent(at(props, "spec", key)));
}

function isCatalogue(type: string): boolean {
  return /^kubernetes:postgresql\.cnpg\.io\/[^:]+:(Cluster)?ImageCatalog$/.test(type);
}
