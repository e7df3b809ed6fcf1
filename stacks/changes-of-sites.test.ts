/** Sites on clusters of their own: what a preview shows of each change of a setting. */
import { CHANGES_OF_SITES } from "./test-changes-of-sites.ts";
import { testPreviewsOf } from "./test-previews.ts";

testPreviewsOf("changes-of-sites.txt", CHANGES_OF_SITES);
