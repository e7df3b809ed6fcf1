/** Elastic Load Balancing v2 and AWS Certificate Manager. */
import { isObject, type PropertyMap, type PropertyValue } from "../../../values.ts";
import { type Making, named, type ServiceTable, SIMULATED_TIME } from "../table.ts";

const LISTENER_HEADERS =
  "routingHttpRequestXAmznMtlsClientcertHeaderName " +
  "routingHttpRequestXAmznMtlsClientcertIssuerHeaderName " +
  "routingHttpRequestXAmznMtlsClientcertLeafHeaderName " +
  "routingHttpRequestXAmznMtlsClientcertSerialNumberHeaderName " +
  "routingHttpRequestXAmznMtlsClientcertSubjectHeaderName " +
  "routingHttpRequestXAmznMtlsClientcertValidityHeaderName " +
  "routingHttpRequestXAmznTlsCipherSuiteHeaderName routingHttpRequestXAmznTlsVersionHeaderName " +
  "routingHttpResponseAccessControlAllowCredentialsHeaderValue " +
  "routingHttpResponseAccessControlAllowHeadersHeaderValue " +
  "routingHttpResponseAccessControlAllowMethodsHeaderValue " +
  "routingHttpResponseAccessControlAllowOriginHeaderValue " +
  "routingHttpResponseAccessControlExposeHeadersHeaderValue " +
  "routingHttpResponseAccessControlMaxAgeHeaderValue " +
  "routingHttpResponseContentSecurityPolicyHeaderValue routingHttpResponseServerEnabled " +
  "routingHttpResponseStrictTransportSecurityHeaderValue " +
  "routingHttpResponseXContentTypeOptionsHeaderValue " +
  "routingHttpResponseXFrameOptionsHeaderValue";

/** `app`, `net` or `gwy`: how the kind of a load balancer is written in its ARN. */
function kind(type: string): string {
  return type === "network" ? "net" : type === "gateway" ? "gwy" : "app";
}

/** Of a list of subnets or groups: was one taken away (or, for groups, the first one added)? */
function shrank(before: PropertyValue | undefined, after: PropertyValue | undefined): boolean {
  if (!Array.isArray(before)) return false;
  return !Array.isArray(after) || before.some((one) => !after.includes(one));
}

function isNetwork(inputs: PropertyMap): boolean {
  return inputs.loadBalancerType === "network";
}

function validationRecords(m: Making): PropertyMap[] {
  const names = [m.text("domainName"), ...m.list("subjectAlternativeNames")];
  return [...new Set(names.filter((name) => name !== ""))].map((name) => ({
    domainName: name,
    resourceRecordName: `_${m.hex(32, `name ${name}`)}.${name.replace(/^\*\./, "")}.`,
    resourceRecordType: "CNAME",
    resourceRecordValue: `_${m.hex(32, `value ${name}`)}.acm-validations.invalid.`,
  }));
}

export const BALANCING: ServiceTable = {
  "aws:lb/loadBalancer:LoadBalancer": {
    source: "lb",
    replaces: "customerOwnedIpv4Pool internal loadBalancerType name namePrefix",
    updates:
      "accessLogs clientKeepAlive connectionLogs desyncMitigationMode dnsRecordClientRoutingPolicy " +
      "dropInvalidHeaderFields enableCrossZoneLoadBalancing enableDeletionProtection enableHttp2 " +
      "enablePrefixForIpv6SourceNat enableTlsVersionAndCipherSuiteHeaders enableWafFailOpen " +
      "enableXffClientPort enableZonalShift enforceSecurityGroupInboundRulesOnPrivateLinkTraffic " +
      "healthCheckLogs idleTimeout ipAddressType ipamPools minimumLoadBalancerCapacity " +
      "preserveHostHeader secondaryIpsAutoAssignedPerSubnet securityGroups subnetMappings subnets " +
      "xffHeaderProcessingMode",
    replacesWhen: [
      // A network load balancer only gains subnets, and has security groups from birth or never.
      { property: "subnets", when: (a, b) => isNetwork(b) && shrank(a.subnets, b.subnets) },
      {
        property: "subnetMappings",
        when: (a, b) => isNetwork(b) && a.subnetMappings !== undefined,
      },
      {
        property: "securityGroups",
        when: (a, b) =>
          isNetwork(b) && (size(a.securityGroups) === 0) !== (size(b.securityGroups) === 0),
      },
      {
        property: "secondaryIpsAutoAssignedPerSubnet",
        when: (a, b) =>
          Number(b.secondaryIpsAutoAssignedPerSubnet ?? 0) <
          Number(a.secondaryIpsAutoAssignedPerSubnet ?? 0),
      },
    ],
    autoname: named(32),
    needsOne: ["subnetMappings subnets"],
    excludes: ["subnetMappings subnets"],
    values: {
      loadBalancerType: "application gateway network",
      ipAddressType: "ipv4 dualstack dualstack-without-public-ipv4",
      desyncMitigationMode: "monitor defensive strictest",
      xffHeaderProcessingMode: "append preserve remove",
      dnsRecordClientRoutingPolicy:
        "any_availability_zone availability_zone_affinity partial_availability_zone_affinity",
      enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: "on off",
    },
    ranges: { idleTimeout: [1, 4000], clientKeepAlive: [60, 604800] },
    defaults: {
      clientKeepAlive: 3600,
      desyncMitigationMode: "defensive",
      dnsRecordClientRoutingPolicy: "any_availability_zone",
      dropInvalidHeaderFields: false,
      enableCrossZoneLoadBalancing: false,
      enableDeletionProtection: false,
      enableHttp2: true,
      enableTlsVersionAndCipherSuiteHeaders: false,
      enableWafFailOpen: false,
      enableXffClientPort: false,
      enableZonalShift: false,
      idleTimeout: 60,
      loadBalancerType: "application",
      preserveHostHeader: false,
      xffHeaderProcessingMode: "append",
    },
    protectedBy: "enableDeletionProtection",
    id: (m) =>
      m.arn(
        "elasticloadbalancing",
        `loadbalancer/${kind(m.text("loadBalancerType"))}/${m.text("name")}/${m.hex(16)}`,
      ),
    computed: (m) => ({
      arn: m.id,
      arnSuffix: m.id.split(":loadbalancer/")[1] ?? "",
      dnsName:
        `${m.inputs.internal === true ? "internal-" : ""}${m.text("name")}-${m.digits(10, "dns")}` +
        `.${m.region}.elb.${m.dnsSuffix}.invalid`,
      enablePrefixForIpv6SourceNat: "off",
      internal: false,
      ipAddressType: "ipv4",
      subnetMappings: m.list("subnets").map((subnetId) => ({ subnetId })),
      vpcId: `vpc-${m.hex(17, "vpc of the subnets")}`,
      zoneId: `Z${m.base36(13, "zone")}`,
    }),
  },
  "aws:lb/targetGroup:TargetGroup": {
    source: "lb_target_group",
    replaces:
      "ipAddressType name namePrefix port protocol protocolVersion targetControlPort targetType vpcId",
    updates:
      "connectionTermination deregistrationDelay healthCheck lambdaMultiValueHeadersEnabled " +
      "loadBalancingAlgorithmType loadBalancingAnomalyMitigation loadBalancingCrossZoneEnabled " +
      "preserveClientIp proxyProtocolV2 slowStart stickiness targetFailovers targetGroupHealth " +
      "targetHealthStates",
    autoname: named(32),
    values: {
      ipAddressType: "ipv4 ipv6",
      protocol: "GENEVE HTTP HTTPS QUIC TCP TCP_QUIC TCP_UDP TLS UDP",
      protocolVersion: "GRPC HTTP1 HTTP2",
      targetType: "alb instance ip lambda",
      loadBalancingAlgorithmType: "round_robin least_outstanding_requests weighted_random",
      loadBalancingCrossZoneEnabled: "true false use_load_balancer_configuration",
      "healthCheck.protocol": "TCP HTTP HTTPS",
    },
    ranges: { deregistrationDelay: [0, 3600], port: [1, 65535], "healthCheck.interval": [5, 300] },
    defaults: {
      deregistrationDelay: 300,
      lambdaMultiValueHeadersEnabled: false,
      proxyProtocolV2: false,
      slowStart: 0,
      targetType: "instance",
    },
    id: (m) => m.arn("elasticloadbalancing", `targetgroup/${m.text("name")}/${m.hex(16)}`),
    computed: (m) => ({
      arn: m.id,
      arnSuffix: m.id.split(":").at(-1) ?? "",
      healthCheck: { enabled: true, healthyThreshold: 3, interval: 30, unhealthyThreshold: 3 },
      ipAddressType: "ipv4",
      loadBalancerArns: [],
      loadBalancingAlgorithmType: "round_robin",
      loadBalancingAnomalyMitigation: "off",
      loadBalancingCrossZoneEnabled: "use_load_balancer_configuration",
      protocolVersion: m.text("protocol").startsWith("HTTP") ? "HTTP1" : "",
    }),
  },
  "aws:lb/listener:Listener": {
    source: "lb_listener",
    replaces: "loadBalancerArn",
    updates:
      "alpnPolicy certificateArn defaultActions mutualAuthentication port protocol sslPolicy " +
      `tcpIdleTimeoutSeconds ${LISTENER_HEADERS}`,
    values: {
      alpnPolicy: "HTTP1Only HTTP2Only HTTP2Optional HTTP2Preferred None",
      protocol: "GENEVE HTTP HTTPS QUIC TCP TCP_QUIC TCP_UDP TLS UDP",
      "defaultActions.type":
        "authenticate-cognito authenticate-oidc fixed-response forward redirect jwt-validation",
      "mutualAuthentication.mode": "off verify passthrough",
    },
    ranges: { port: [1, 65535], tcpIdleTimeoutSeconds: [60, 6000] },
    formats: { certificateArn: "arn", loadBalancerArn: "arn" },
    id: (m) => `${m.text("loadBalancerArn").replace(":loadbalancer/", ":listener/")}/${m.hex(16)}`,
    computed: (m) => ({
      arn: m.id,
      // An application load balancer without a protocol listens for HTTP.
      protocol: m.text("certificateArn") === "" ? "HTTP" : "HTTPS",
      sslPolicy: m.text("certificateArn") === "" ? "" : "ELBSecurityPolicy-2016-08",
    }),
  },
  "aws:acm/certificate:Certificate": {
    source: "acm_certificate",
    replaces:
      "certificateAuthorityArn domainName keyAlgorithm subjectAlternativeNames validationMethod " +
      "validationOptions",
    updates:
      "certificateBody certificateChain earlyRenewalDuration options privateKey privateKeyWo " +
      "privateKeyWoVersion",
    needsOne: ["domainName privateKey privateKeyWo"],
    excludes: ["certificateBody domainName", "domainName privateKey"],
    values: {
      keyAlgorithm: "RSA_1024 RSA_2048 RSA_3072 RSA_4096 EC_prime256v1 EC_secp384r1 EC_secp521r1",
      validationMethod: "DNS EMAIL",
      "options.certificateTransparencyLoggingPreference": "ENABLED DISABLED",
      "options.export": "ENABLED DISABLED",
    },
    formats: { certificateAuthorityArn: "arn" },
    id: (m) => m.arn("acm", `certificate/${m.uuid()}`),
    computed: (m) => ({
      arn: m.id,
      domainValidationOptions: m.text("validationMethod") === "DNS" ? validationRecords(m) : [],
      keyAlgorithm: "RSA_2048",
      notAfter: SIMULATED_TIME,
      notBefore: SIMULATED_TIME,
      options: { certificateTransparencyLoggingPreference: "ENABLED", export: "DISABLED" },
      pendingRenewal: false,
      renewalEligibility: "INELIGIBLE",
      renewalSummaries: [],
      status: m.text("validationMethod") === "" ? "ISSUED" : "PENDING_VALIDATION",
      subjectAlternativeNames: m.text("domainName") === "" ? [] : [m.text("domainName")],
      type: m.text("domainName") === "" ? "IMPORTED" : "AMAZON_ISSUED",
      validationEmails: [],
      validationMethod: "NONE",
    }),
  },
  "aws:acm/certificateValidation:CertificateValidation": {
    source: "acm_certificate_validation",
    replaces: "certificateArn validationRecordFqdns",
    updates: "",
    formats: { certificateArn: "arn" },
    id: () => SIMULATED_TIME,
    computed: () => ({}),
  },
};

function size(value: PropertyValue | undefined): number {
  return Array.isArray(value) ? value.length : isObject(value) ? Object.keys(value).length : 0;
}
