package policy

import (
	"net/netip"
	"strings"
	"testing"

	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// The cluster of every table test: three namespaces with a server and a client each.
func testPods() []Pod {
	pod := func(namespace, name, app, address string) Pod {
		return Pod{
			Namespace: namespace, Name: name, Labels: map[string]string{"app": app},
			Address: netip.MustParseAddr(address),
			Ports:   []NamedPort{{"web", "TCP", 8080}, {"dns", "UDP", 5353}},
		}
	}
	return []Pod{
		pod("one", "server", "server", "10.0.0.11"), pod("one", "client", "client", "10.0.0.12"),
		pod("two", "server", "server", "10.0.0.21"), pod("two", "client", "client", "10.0.0.22"),
		pod("three", "client", "client", "10.0.0.32"),
	}
}

func testInput(t *testing.T, documents ...string) Input {
	t.Helper()
	input := Input{
		Namespaces: map[string]map[string]string{
			"one": {"team": "blue"}, "two": {"team": "green"}, "three": {"team": "blue"},
		},
		Pods: testPods(),
	}
	for index, document := range documents {
		policy := &networking.NetworkPolicy{ObjectMeta: meta.ObjectMeta{Namespace: "one", Name: string(rune('a' + index))}}
		if err := yaml.UnmarshalStrict([]byte(document), &policy.Spec); err != nil {
			t.Fatal(err)
		}
		input.Policies = append(input.Policies, policy)
	}
	return input
}

func connection(source, target, protocol string, port uint16) Connection {
	return Connection{netip.MustParseAddr(source), netip.MustParseAddr(target), protocol, port}
}

const (
	server1, client1 = "10.0.0.11", "10.0.0.12"
	server2, client2 = "10.0.0.21", "10.0.0.22"
	client3, outside = "10.0.0.32", "203.0.113.7"
)

func TestAllows(t *testing.T) {
	const (
		denyAll     = `{podSelector: {}, policyTypes: [Ingress, Egress]}`
		denyIngress = `{podSelector: {}}`
	)
	cases := map[string]struct {
		policies      []string
		allowed, held []Connection
	}{
		"without policies everything passes": {
			allowed: []Connection{connection(client1, server1, "TCP", 80), connection(outside, server1, "UDP", 9)},
		},
		"default deny of ingress leaves egress and other namespaces alone": {
			policies: []string{denyIngress},
			allowed:  []Connection{connection(client1, server2, "TCP", 80), connection(client1, outside, "TCP", 443), connection(client2, server2, "TCP", 1)},
			held:     []Connection{connection(client1, server1, "TCP", 80), connection(outside, server1, "TCP", 80)},
		},
		"a pod may always talk to itself": {
			policies: []string{denyAll},
			allowed:  []Connection{connection(server1, server1, "TCP", 8080)},
			held:     []Connection{connection(server1, client1, "TCP", 8080)},
		},
		"egress none": {
			policies: []string{`{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress]}`},
			allowed:  []Connection{connection(client2, client1, "TCP", 80)},
			held:     []Connection{connection(client1, server2, "TCP", 80), connection(client1, outside, "TCP", 443)},
		},
		"a pod selector means the policy's own namespace": {
			policies: []string{`{podSelector: {matchLabels: {app: server}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]}`},
			allowed:  []Connection{connection(client1, server1, "TCP", 80)},
			held:     []Connection{connection(client2, server1, "TCP", 80), connection(server2, server1, "TCP", 80)},
		},
		"a namespace selector means all its pods, with a pod selector some": {
			policies: []string{
				`{podSelector: {matchLabels: {app: server}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}}]}]}`,
				`{podSelector: {matchLabels: {app: server}}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: server}}}]}]}`,
			},
			allowed: []Connection{connection(client1, server1, "TCP", 1), connection(client3, server1, "TCP", 1), connection(server2, server1, "TCP", 1)},
			held:    []Connection{connection(client2, server1, "TCP", 1)},
		},
		"several policies add up": {
			policies: []string{denyAll, `{podSelector: {}, ingress: [{ports: [{port: 80}]}]}`, `{podSelector: {}, ingress: [{ports: [{port: 90}]}]}`},
			allowed:  []Connection{connection(client2, server1, "TCP", 80), connection(client2, server1, "TCP", 90)},
			held:     []Connection{connection(client2, server1, "TCP", 85)},
		},
		"an address block with holes": {
			policies: []string{`{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 203.0.0.0/8, except: [203.0.113.0/29, 203.9.0.0/16]}}], ports: [{port: 443}]}]}`},
			allowed:  []Connection{connection(client1, "203.0.113.8", "TCP", 443)},
			held:     []Connection{connection(client1, outside, "TCP", 443), connection(client1, "203.9.1.1", "TCP", 443), connection(client1, "203.0.113.8", "TCP", 80), connection(client1, server2, "TCP", 443)},
		},
		"an IPv6 block is nobody, not anybody": {
			policies: []string{`{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: "::/0"}}]}]}`},
			held:     []Connection{connection(client1, server1, "TCP", 80), connection(outside, server1, "TCP", 80)},
		},
		"ports: ranges, protocols, a protocol without a port": {
			policies: []string{`{podSelector: {}, ingress: [{ports: [{port: 8000, endPort: 8010}, {port: 8005, endPort: 8020}, {protocol: UDP, port: 53}, {protocol: SCTP}]}]}`},
			allowed:  []Connection{connection(client1, server1, "TCP", 8000), connection(client1, server1, "TCP", 8020), connection(client1, server1, "UDP", 53), connection(client1, server1, "SCTP", 7)},
			held:     []Connection{connection(client1, server1, "TCP", 8021), connection(client1, server1, "UDP", 8000), connection(client1, server1, "TCP", 53)},
		},
		"named ports are those of the pod that is connected to": {
			policies: []string{
				`{podSelector: {matchLabels: {app: server}}, ingress: [{ports: [{port: web}, {port: dns, protocol: UDP}]}]}`,
				`{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: web}]}]}`,
			},
			allowed: []Connection{connection(client1, server1, "TCP", 8080), connection(client2, server1, "UDP", 5353), connection(client1, server2, "TCP", 8080)},
			held:    []Connection{connection(client2, server1, "TCP", 5353), connection(client2, server1, "TCP", 80), connection(client1, outside, "TCP", 8080), connection(client1, server2, "UDP", 5353)},
		},
		"a port name that no pod has allows nothing": {
			policies: []string{`{podSelector: {}, ingress: [{ports: [{port: nowhere}]}]}`},
			held:     []Connection{connection(client1, server1, "TCP", 8080)},
		},
		"peers that select nobody allow nobody": {
			policies: []string{`{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: none}}}]}]}`},
			held:     []Connection{connection(client1, server1, "TCP", 8080)},
		},
		"both sides must agree": {
			policies: []string{
				`{podSelector: {matchLabels: {app: server}}, ingress: [{ports: [{port: 80}]}]}`,
				`{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{ports: [{port: 81}]}]}`,
			},
			allowed: []Connection{connection(client2, server1, "TCP", 80), connection(client1, server2, "TCP", 81)},
			held:    []Connection{connection(client1, server1, "TCP", 80), connection(client1, server1, "TCP", 81)},
		},
		"policy types by default: egress counts once a rule is there": {
			policies: []string{`{podSelector: {matchLabels: {app: client}}, egress: [{ports: [{port: 80}]}]}`},
			allowed:  []Connection{connection(client1, server2, "TCP", 80)},
			held:     []Connection{connection(client1, server2, "TCP", 81), connection(server1, client1, "TCP", 80)},
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			rules := Compile(testInput(t, test.policies...))
			for _, allowed := range test.allowed {
				if !rules.Allows(allowed) {
					t.Errorf("%v is held", allowed)
				}
			}
			for _, held := range test.held {
				if rules.Allows(held) {
					t.Errorf("%v is allowed", held)
				}
			}
		})
	}
}

func TestRender(t *testing.T) {
	network := Network{
		Table: "t", Bridge: "b0", LockForwarding: true,
		Pods: netip.MustParsePrefix("10.0.0.0/24"), Services: netip.MustParsePrefix("10.9.0.0/16"),
	}
	input := testInput(t,
		`{podSelector: {matchLabels: {app: server}}, ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/16, except: [10.1.2.0/24]}}, {podSelector: {}}], ports: [{port: 80}, {port: 90, endPort: 99}, {port: web}, {protocol: UDP}]}]}`)
	text := Render(Compile(input), network)
	for _, expected := range []string{
		"delete table inet t\n",
		"set pods { type ipv4_addr; elements = { 10.0.0.11, 10.0.0.12, 10.0.0.21, 10.0.0.22, 10.0.0.32 };",
		"map ingress { type ipv4_addr : verdict; elements = { 10.0.0.11 : jump ingress_",
		"    ip saddr 10.1.0.0/16 ip saddr != 10.1.2.0/24 tcp dport { 80, 90-99 } return\n",
		"    ip saddr 10.1.0.0/16 ip saddr != 10.1.2.0/24 ip daddr . tcp dport { 10.0.0.11 . 8080 } return\n",
		"    ip saddr 10.1.0.0/16 ip saddr != 10.1.2.0/24 meta l4proto udp return\n",
		"    ip saddr { 10.0.0.11, 10.0.0.12 } tcp dport { 80, 90-99 } return\n",
		"    drop\n",
		"iifname != \"b0\" oifname != \"b0\" drop\n",
		"ip daddr { 10.0.0.0/24, 10.9.0.0/16 } drop\n",
	} {
		if !strings.Contains(text, expected) {
			t.Errorf("%q is missing in\n%s", expected, text)
		}
	}
	network.LockForwarding = false
	if strings.Contains(Render(Compile(input), network), "oifname != \"b0\" drop") {
		t.Error("a router must stay a router")
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	network := Network{Table: "t", Bridge: "b0", Pods: netip.MustParsePrefix("10.0.0.0/24"), Services: netip.MustParsePrefix("10.9.0.0/16")}
	input := testInput(t, `{podSelector: {}, ingress: [{ports: [{port: web}]}]}`, `{podSelector: {}, policyTypes: [Egress]}`)
	first := Render(Compile(input), network)
	for index := range input.Pods {
		other := len(input.Pods) - 1 - index
		if index < other {
			input.Pods[index], input.Pods[other] = input.Pods[other], input.Pods[index]
		}
	}
	input.Policies[0], input.Policies[1] = input.Policies[1], input.Policies[0]
	if Render(Compile(input), network) != first {
		t.Error("the rules depend on the order of the input")
	}
}
