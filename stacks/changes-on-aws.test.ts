/** Sites on AWS: what a preview shows of each change of a setting. */
import { CHANGES_ON_AWS } from "./test-changes-on-aws.ts";
import { testPreviewsOf } from "./test-previews.ts";

testPreviewsOf("changes-on-aws.txt", CHANGES_ON_AWS);
