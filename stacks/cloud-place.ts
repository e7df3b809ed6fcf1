/** Where on AWS a site stands. By itself, so that who only asks that does not load the SDK of AWS. Pure. */
import type { AwsSite } from "../components/aws/place.ts";
import type { CloudSettings, Settings } from "../config/schema.ts";

export function cloudPlace({ cluster }: Settings, cloud: CloudSettings): AwsSite {
  const { partition, region, account } = cloud;
  return { partition, region, account, prefix: cluster.clusterIdentifier };
}
