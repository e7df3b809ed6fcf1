/**
 * An image is named by its digest, so that what was tried is what runs. Digests of images that nobody has
 * pulled yet are not known, and none is made up: until `npm run images -- lock` this is not evaluated,
 * and a production `up` refuses it.
 */
import { imageRule } from "../kubernetes/image-rule.ts";
import { parseImage } from "./allowed-images.ts";

export const pinnedDigests = imageRule({
  name: "pinned-digests",
  description: "Images are named by their digest.",
  severity: "medium",
  image: (where, image, report) => {
    const { digest } = parseImage(image);
    if (digest === undefined) {
      report.notEvaluated(`Not known: the digest of ${image}. Lock it: npm run images -- lock.`);
    } else if (!/^sha256:[0-9a-f]{64}$/.test(digest)) {
      report.fails(
        `${where} names the digest ${digest}, which is none. Give sha256: and 64 digits.`,
      );
    }
  },
});
