/** Is there such an instance in that zone? Asked at each preview, since few zones have A100s. */
import { getInstanceTypeOfferingsOutput } from "@pulumi/aws/ec2/getInstanceTypeOfferings.js";
import * as pulumi from "@pulumi/pulumi";

/** The subnet, once it is sure that AWS offers the type in its zone; else a refusal. */
export function offeredIn(
  instanceType: string,
  { zone, subnet }: { readonly zone: string; readonly subnet: pulumi.Output<string> },
  parent: pulumi.InvokeOutputOptions,
): pulumi.Output<string> {
  const answer = getInstanceTypeOfferingsOutput(
    {
      locationType: "availability-zone",
      filters: [
        { name: "instance-type", values: [instanceType] },
        { name: "location", values: [zone] },
      ],
    },
    parent,
  );
  // By itself, before the subnet joins in: that is unknown in the preview that matters most.
  const found = answer.locations.apply((zones) => refuseUnlessOffered(instanceType, zone, zones));
  return pulumi.all([found, subnet]).apply(([, id]) => id);
}

export function refuseUnlessOffered(
  instanceType: string,
  zone: string,
  zones: readonly string[],
): void {
  if (zones.includes(zone)) return;
  throw new Error(
    `AWS offers no ${instanceType} in ${zone}: choose a zone that ` +
      `"aws ec2 describe-instance-type-offerings --location-type availability-zone" names for it`,
  );
}
