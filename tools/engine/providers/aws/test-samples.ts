/** For tests: the least inputs each resource type takes. */
import type { PropertyMap } from "../../values.ts";

const ROLE = "arn:aws:iam::000000000000:role/some";
const KEY = "arn:aws:kms:eu-central-1:000000000000:key/11111111-2222-4333-8444-555555555555";
const POLICY = '{"Version":"2012-10-17","Statement":[]}';
const SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"];
const BALANCER =
  "arn:aws:elasticloadbalancing:eu-central-1:000000000000:loadbalancer/net/edge/0123456789abcdef";
const CERTIFICATE = "arn:aws:acm:eu-central-1:000000000000:certificate/11111111";
const RULE = { cidrIpv4: "10.0.0.0/16", ipProtocol: "tcp", securityGroupId: "sg-1" };
const BUCKET = { bucket: "records" };
const AURORA = { engine: "aurora-postgresql" };

export const SAMPLES: Readonly<Record<string, PropertyMap>> = {
  "aws:ec2/vpc:Vpc": { cidrBlock: "10.0.0.0/16" },
  "aws:ec2/subnet:Subnet": { cidrBlock: "10.0.1.0/24", vpcId: "vpc-1" },
  "aws:ec2/routeTable:RouteTable": { vpcId: "vpc-1" },
  "aws:ec2/route:Route": {
    destinationCidrBlock: "0.0.0.0/0",
    gatewayId: "igw-1",
    routeTableId: "rtb-1",
  },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    routeTableId: "rtb-1",
    subnetId: "subnet-1",
  },
  "aws:ec2/securityGroup:SecurityGroup": { vpcId: "vpc-1" },
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": { vpcId: "vpc-1" },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": RULE,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": RULE,
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    serviceName: "com.amazonaws.eu-central-1.s3",
    vpcId: "vpc-1",
  },
  "aws:ec2/flowLog:FlowLog": { vpcId: "vpc-1", trafficType: "ALL" },
  "aws:ec2/internetGateway:InternetGateway": {},
  "aws:ec2/eip:Eip": {},
  "aws:ec2/natGateway:NatGateway": { subnetId: "subnet-1" },
  "aws:route53/zone:Zone": { name: "example.org" },
  "aws:route53/record:Record": {
    name: "api.example.org",
    records: ["198.51.100.1"],
    ttl: 60,
    type: "A",
    zoneId: "Z1",
  },
  "aws:route53/healthCheck:HealthCheck": { type: "HTTPS", fqdn: "api.example.org", port: 443 },
  "aws:eks/cluster:Cluster": { roleArn: ROLE, vpcConfig: { subnetIds: SUBNETS } },
  "aws:eks/nodeGroup:NodeGroup": {
    clusterName: "c",
    nodeRoleArn: ROLE,
    scalingConfig: { desiredSize: 1, maxSize: 2, minSize: 1 },
    subnetIds: SUBNETS,
  },
  "aws:eks/accessEntry:AccessEntry": { clusterName: "c", principalArn: ROLE },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    accessScope: { type: "cluster" },
    clusterName: "c",
    policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
    principalArn: ROLE,
  },
  "aws:eks/addon:Addon": { addonName: "vpc-cni", clusterName: "c" },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    clusterName: "c",
    namespace: "n",
    roleArn: ROLE,
    serviceAccount: "s",
  },
  "aws:ec2/launchTemplate:LaunchTemplate": { imageId: "ami-1" },
  "aws:ec2/placementGroup:PlacementGroup": { strategy: "cluster" },
  "aws:ec2/capacityReservation:CapacityReservation": {
    availabilityZone: "eu-central-1a",
    instanceCount: 2,
    instancePlatform: "Linux/UNIX",
    instanceType: "p4d.24xlarge",
  },
  "aws:ec2/capacityBlockReservation:CapacityBlockReservation": {
    capacityBlockOfferingId: "cb-1",
    instancePlatform: "Linux/UNIX",
  },
  "aws:autoscaling/attachment:Attachment": {
    autoscalingGroupName: "eks-gpu",
    lbTargetGroupArn:
      "arn:aws:elasticloadbalancing:eu-central-1:000000000000:targetgroup/edge/0123456789abcdef",
  },
  "aws:autoscaling/tag:Tag": {
    autoscalingGroupName: "eks-gpu",
    tag: { key: "k", value: "v", propagateAtLaunch: false },
  },
  "aws:iam/role:Role": { assumeRolePolicy: POLICY },
  "aws:iam/policy:Policy": { policy: POLICY },
  "aws:iam/rolePolicy:RolePolicy": { policy: POLICY, role: "r" },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": { policyArn: ROLE, role: "r" },
  "aws:iam/instanceProfile:InstanceProfile": { role: "r" },
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
    clientIdLists: ["sts.amazonaws.com"],
    url: "https://oidc.example.org/id/1",
  },
  "aws:kms/key:Key": {},
  "aws:kms/alias:Alias": { targetKeyId: "11111111-2222-4333-8444-555555555555" },
  "aws:kms/replicaKey:ReplicaKey": { primaryKeyArn: KEY },
  "aws:s3/bucket:Bucket": {},
  "aws:s3/bucketVersioning:BucketVersioning": {
    ...BUCKET,
    versioningConfiguration: { status: "Enabled" },
  },
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": BUCKET,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    ...BUCKET,
    rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" } }],
  },
  "aws:s3/bucketPolicy:BucketPolicy": { ...BUCKET, policy: POLICY },
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": {
    ...BUCKET,
    rule: { defaultRetention: { mode: "COMPLIANCE", years: 7 } },
  },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
    ...BUCKET,
    rules: [{ id: "old", status: "Enabled", expiration: { days: 30 } }],
  },
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {
    ...BUCKET,
    role: ROLE,
    rules: [{ status: "Enabled", destination: { bucket: "arn:aws:s3:::copy" } }],
  },
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
    ...BUCKET,
    rule: { objectOwnership: "BucketOwnerEnforced" },
  },
  "aws:rds/instance:Instance": {
    engine: "postgres",
    instanceClass: "db.t4g.medium",
    allocatedStorage: 20,
  },
  "aws:rds/subnetGroup:SubnetGroup": { subnetIds: SUBNETS },
  "aws:rds/parameterGroup:ParameterGroup": { family: "postgres17" },
  "aws:rds/cluster:Cluster": AURORA,
  "aws:rds/clusterInstance:ClusterInstance": {
    ...AURORA,
    clusterIdentifier: "c",
    instanceClass: "db.r6g.large",
  },
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": { family: "aurora-postgresql17" },
  "aws:elasticache/replicationGroup:ReplicationGroup": { description: "quotas" },
  "aws:elasticache/subnetGroup:SubnetGroup": { subnetIds: SUBNETS },
  "aws:elasticache/parameterGroup:ParameterGroup": { family: "redis7" },
  "aws:elasticache/user:User": {
    accessString: "on ~* +@all",
    engine: "redis",
    userId: "gateway",
    userName: "gateway",
  },
  "aws:elasticache/userGroup:UserGroup": { engine: "redis", userGroupId: "all" },
  "aws:ecr/repository:Repository": {},
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": { policy: '{"rules":[]}', repository: "r" },
  "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": {
    ecrRepositoryPrefix: "hub",
    upstreamRegistryUrl: "registry.example.org",
  },
  "aws:secretsmanager/secret:Secret": {},
  "aws:secretsmanager/secretVersion:SecretVersion": {
    secretId: "arn:aws:secretsmanager:eu-central-1:000000000000:secret:s-AAAAAA",
    secretString: "hunter2",
  },
  "aws:cloudwatch/logGroup:LogGroup": {},
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    comparisonOperator: "LessThanThreshold",
    evaluationPeriods: 2,
    metricName: "HealthyHostCount",
    namespace: "AWS/NetworkELB",
    period: 60,
    statistic: "Maximum",
    threshold: 1,
  },
  "aws:lb/loadBalancer:LoadBalancer": { loadBalancerType: "network", subnets: SUBNETS },
  "aws:lb/targetGroup:TargetGroup": { port: 443, protocol: "TCP", vpcId: "vpc-1" },
  "aws:lb/listener:Listener": { defaultActions: [{ type: "forward" }], loadBalancerArn: BALANCER },
  "aws:acm/certificate:Certificate": { domainName: "api.example.org", validationMethod: "DNS" },
  "aws:acm/certificateValidation:CertificateValidation": { certificateArn: CERTIFICATE },
  "aws:backup/plan:Plan": { rules: [{ ruleName: "daily", targetVaultName: "v" }] },
  "aws:backup/vault:Vault": {},
  "aws:backup/vaultLockConfiguration:VaultLockConfiguration": { backupVaultName: "v" },
  "aws:backup/restoreTestingPlan:RestoreTestingPlan": {
    recoveryPointSelection: {
      algorithm: "LATEST_WITHIN_WINDOW",
      includeVaults: ["*"],
      recoveryPointTypes: ["SNAPSHOT"],
    },
    scheduleExpression: "cron(0 18 ? * SUN *)",
  },
  "aws:backup/restoreTestingSelection:RestoreTestingSelection": {
    iamRoleArn: ROLE,
    protectedResourceArns: ["*"],
    protectedResourceType: "RDS",
    restoreTestingPlanName: "p",
  },
  "aws:backup/selection:Selection": { iamRoleArn: ROLE, planId: "p" },
};
