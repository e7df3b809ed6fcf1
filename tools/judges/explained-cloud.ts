/** What checkov says of resources of AWS, and why it stays as it is. */
import type { Explanation } from "./explanation.ts";

const BUCKETS = ["aws_s3_bucket.audit", "aws_s3_bucket.weights"];
const DATABASE = ["aws_db_instance.database"];
const BALANCER = ["aws_lb.balancer"];
const TRYING = {
  reason: "dev and staging are for trying, and are destroyed as a whole; dev saves the second one.",
  instead:
    "Production is refused without it (config/site-relations.ts), and so are a bank and a hospital.",
};

export const EXPLAINED_CLOUD: readonly Explanation[] = [
  row("CKV2_AWS_62", BUCKETS, {
    reason: "Nothing waits for a new object: readers ask for the file that they were told of.",
    instead: "CloudTrail's data events tell who wrote what, where an account has them on.",
  }),
  row("CKV_AWS_18", BUCKETS, {
    reason:
      "A bucket under Object Lock cannot be the target of such logs, and they arrive unsigned.",
    instead: "CloudTrail's data events, which the account's owner keeps for all buckets.",
  }),
  row("CKV_AWS_144", BUCKETS, {
    reason: "Without a standby there is no other region, and regulated data may not leave its own.",
    instead: "A standby gets the weights by replication; the trail is anchored at the other site.",
  }),
  row("CKV2_AWS_61", ["aws_s3_bucket.audit"], {
    reason: "Nothing of the audit trail may go before the floor of its profile.",
    instead: "Object Lock keeps each object for the days of retention.auditDays.",
  }),
  row("CKV_AWS_118", DATABASE, {
    reason: "It costs a role and writes the database host's processes to logs.",
    instead: "Performance insights under our key, and the gateway's own measure of the ledger.",
  }),
  row("CKV_AWS_226", DATABASE, {
    reason: "A database that changes by itself is not the one that was planned and tested.",
    instead: "The version is pinned; a new one is a change like any other.",
  }),
  row("CKV_AWS_161", DATABASE, {
    reason: "Tokens of IAM live for 15 minutes and would make AWS part of each new connection.",
    instead: "A password of 238 random bits over TLS 1.3, known to the gateways alone.",
  }),
  row("CKV_AWS_293", DATABASE, TRYING),
  row("CKV_AWS_150", BALANCER, TRYING),
  row("CKV_AWS_157", DATABASE, TRYING),
  row("CKV2_AWS_50", ["aws_elasticache_replication_group.cache"], TRYING),
  row("CKV_AWS_91", BALANCER, {
    reason: "It passes connections on without reading them, and such logs say nothing of calls.",
    instead: "nginx logs every call with the caller's own address (PROXY protocol).",
  }),
  row("CKV2_AWS_20", BALANCER, {
    reason: "It passes TCP; port 80 leads to nginx.",
    instead: "nginx answers there with a redirect to HTTPS and nothing else.",
  }),
  row("CKV_AWS_260", ["aws_vpc_security_group_ingress_rule.balancer-http-*"], {
    reason: "The balancer is internal: everybody is everybody who is in the network.",
    instead: "network.callerRanges narrows it; port 80 only redirects.",
  }),
  row("CKV2_AWS_15", ["aws_autoscaling_attachment.balancer-*"], {
    reason: "A node whose edge does not answer for a moment need not be replaced.",
    instead: "Kubernetes replaces the pod, and EKS the node that kubelet no longer reports for.",
  }),
  row("CKV2_AWS_23", ["aws_route53_record.failover-primary"], {
    reason: "It points to the other site, which is no resource of this stack.",
    instead: "The health of that site decides whether it is answered with.",
  }),
];

function row(
  rule: string,
  objects: readonly string[],
  words: Pick<Explanation, "reason" | "instead">,
): Explanation {
  return { judge: "checkov", rule, objects, ...words };
}
