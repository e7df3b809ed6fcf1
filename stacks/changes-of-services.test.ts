/** What serves, and what watches it: what a preview shows of each change of a setting. */
import { CHANGES_OF_SERVICES } from "./test-changes-of-services.ts";
import { testPreviewsOf } from "./test-previews.ts";

testPreviewsOf("changes-of-services.txt", CHANGES_OF_SERVICES);
