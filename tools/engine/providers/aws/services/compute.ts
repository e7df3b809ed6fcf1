/** Amazon EC2, the machines: launch templates, placement, reserved capacity, groups that scale. */
import { isObject } from "../../../values.ts";
import { type Making, named, type ServiceTable, SIMULATED_TIME } from "../table.ts";

function nextVersion(m: Making): number {
  const before = m.previous?.latestVersion;
  return typeof before === "number" ? before + 1 : 1;
}

function tagKey(m: Making): string {
  const { tag } = m.inputs;
  return isObject(tag) ? String(tag.key) : "";
}

export const COMPUTE: ServiceTable = {
  "aws:ec2/launchTemplate:LaunchTemplate": {
    source: "launch_template",
    replaces: "name namePrefix",
    updates:
      "blockDeviceMappings capacityReservationSpecification cpuOptions creditSpecification " +
      "defaultVersion description disableApiStop disableApiTermination ebsOptimized enclaveOptions " +
      "hibernationOptions iamInstanceProfile imageId instanceInitiatedShutdownBehavior " +
      "instanceMarketOptions instanceRequirements instanceType kernelId keyName " +
      "licenseSpecifications maintenanceOptions metadataOptions monitoring networkInterfaces " +
      "networkPerformanceOptions placement privateDnsNameOptions ramDiskId secondaryInterfaces " +
      "securityGroupNames tagSpecifications updateDefaultVersion userData vpcSecurityGroupIds",
    autoname: named(128),
    excludes: ["defaultVersion updateDefaultVersion", "instanceRequirements instanceType"],
    values: {
      instanceInitiatedShutdownBehavior: "stop terminate",
      "metadataOptions.httpEndpoint": "enabled disabled",
      "metadataOptions.httpTokens": "optional required",
      "metadataOptions.httpProtocolIpv6": "enabled disabled",
      "metadataOptions.instanceMetadataTags": "enabled disabled",
      "blockDeviceMappings.ebs.volumeType": "standard gp2 gp3 io1 io2 sc1 st1",
      "placement.tenancy": "default dedicated host",
      "tagSpecifications.resourceType":
        "instance volume network-interface spot-instances-request elastic-gpu",
      "instanceMarketOptions.marketType": "spot capacity-block",
      "capacityReservationSpecification.capacityReservationPreference":
        "open none capacity-reservations-only",
    },
    ranges: { "metadataOptions.httpPutResponseHopLimit": [1, 64] },
    changesOnUpdate: "latestVersion defaultVersion",
    id: (m) => `lt-${m.hex(17)}`,
    computed: (m) => ({
      arn: m.arn("ec2", `launch-template/${m.id}`),
      defaultVersion:
        m.inputs.updateDefaultVersion === true ? nextVersion(m) : (m.previous?.defaultVersion ?? 1),
      latestVersion: nextVersion(m),
      metadataOptions: {
        httpEndpoint: "enabled",
        httpProtocolIpv6: "disabled",
        httpPutResponseHopLimit: 1,
        httpTokens: "optional",
        instanceMetadataTags: "disabled",
      },
    }),
  },
  "aws:ec2/placementGroup:PlacementGroup": {
    source: "placement_group",
    replaces: "name partitionCount spreadLevel strategy",
    updates: "",
    autoname: { property: "name", lengthMax: 255 },
    values: { strategy: "cluster partition spread", spreadLevel: "host rack" },
    ranges: { partitionCount: [0, 7] },
    id: (m) => m.text("name"),
    computed: (m) => ({
      arn: m.arn("ec2", `placement-group/${m.id}`),
      partitionCount: m.text("strategy") === "partition" ? 2 : 0,
      placementGroupId: `pg-${m.hex(17, "pg")}`,
      spreadLevel: m.text("strategy") === "spread" ? "rack" : "",
    }),
  },
  "aws:ec2/capacityReservation:CapacityReservation": {
    source: "ec2_capacity_reservation",
    replaces:
      "availabilityZone ebsOptimized ephemeralStorage instanceMatchCriteria instancePlatform " +
      "instanceType outpostArn placementGroupArn tenancy",
    updates: "endDate endDateType instanceCount",
    values: {
      endDateType: "unlimited limited",
      instanceMatchCriteria: "open targeted",
      tenancy: "default dedicated",
    },
    defaults: {
      ebsOptimized: false,
      endDateType: "unlimited",
      ephemeralStorage: false,
      instanceMatchCriteria: "open",
      tenancy: "default",
    },
    id: (m) => `cr-${m.hex(17)}`,
    computed: (m) => ({
      arn: m.arn("ec2", `capacity-reservation/${m.id}`),
      ownerId: m.account,
    }),
  },
  "aws:ec2/capacityBlockReservation:CapacityBlockReservation": {
    source: "ec2_capacity_block_reservation",
    replaces: "capacityBlockOfferingId instancePlatform",
    updates: "timeouts",
    id: (m) => `cr-${m.hex(17)}`,
    computed: (m) => ({
      arn: m.arn("ec2", `capacity-reservation/${m.id}`),
      availabilityZone: `${m.region}a`,
      createdDate: SIMULATED_TIME,
      ebsOptimized: false,
      endDate: SIMULATED_TIME,
      endDateType: "limited",
      // The offering decides size and type; only AWS can tell what it was.
      instanceCount: 1,
      instanceType: "p4d.24xlarge",
      outpostArn: "",
      placementGroupArn: "",
      reservationType: "capacity-block",
      startDate: SIMULATED_TIME,
      tenancy: "default",
    }),
  },
  "aws:autoscaling/attachment:Attachment": {
    source: "autoscaling_attachment",
    replaces: "autoscalingGroupName elb lbTargetGroupArn",
    updates: "",
    needsOne: ["elb lbTargetGroupArn"],
    excludes: ["elb lbTargetGroupArn"],
    formats: { lbTargetGroupArn: "arn" },
    id: (m) => `${m.text("autoscalingGroupName")}-${m.digits(26)}`,
    computed: () => ({}),
  },
  "aws:autoscaling/tag:Tag": {
    source: "autoscaling_group_tag",
    replaces: "autoscalingGroupName tag.key",
    updates: "tag.value tag.propagateAtLaunch",
    id: (m) => `${m.text("autoscalingGroupName")},${tagKey(m)}`,
    computed: () => ({}),
  },
};
