package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The API's own words, taken literally and slowly: a connection passes when no policy of a direction
// selects the pod, or when some rule of a selecting policy matches. Random clusters are judged by
// this and by the compiled rules; they must agree.

func literally(input Input, connection Connection) bool {
	if connection.Source == connection.Target {
		return true
	}
	return directionAllows(input, connection, Egress, connection.Source, connection.Target) &&
		directionAllows(input, connection, Ingress, connection.Target, connection.Source)
}

func directionAllows(input Input, connection Connection, direction Direction, self, peer netip.Addr) bool {
	pod, local := podAt(input, self)
	if !local {
		return true
	}
	selected := false
	for _, policy := range input.Policies {
		if policy.Namespace != pod.Namespace || !covers(policy, direction) || !selects(&policy.Spec.PodSelector, pod.Labels) {
			continue
		}
		selected = true
		if direction == Ingress {
			for _, rule := range policy.Spec.Ingress {
				if peersMatch(input, policy.Namespace, rule.From, peer) && portsMatch(input, rule.Ports, connection) {
					return true
				}
			}
			continue
		}
		for _, rule := range policy.Spec.Egress {
			if peersMatch(input, policy.Namespace, rule.To, peer) && portsMatch(input, rule.Ports, connection) {
				return true
			}
		}
	}
	return !selected
}

func podAt(input Input, address netip.Addr) (Pod, bool) {
	for _, pod := range input.Pods {
		if pod.Address == address {
			return pod, true
		}
	}
	return Pod{}, false
}

func peersMatch(input Input, namespace string, peers []networking.NetworkPolicyPeer, address netip.Addr) bool {
	if len(peers) == 0 {
		return true
	}
	pod, local := podAt(input, address)
	for _, peer := range peers {
		if peer.IPBlock != nil {
			inside := netip.MustParsePrefix(peer.IPBlock.CIDR).Contains(address)
			for _, hole := range peer.IPBlock.Except {
				inside = inside && !netip.MustParsePrefix(hole).Contains(address)
			}
			if inside {
				return true
			}
			continue
		}
		fits := local
		if peer.NamespaceSelector == nil {
			fits = fits && pod.Namespace == namespace
		} else {
			fits = fits && selects(peer.NamespaceSelector, input.Namespaces[pod.Namespace])
		}
		if fits && (peer.PodSelector == nil || selects(peer.PodSelector, pod.Labels)) {
			return true
		}
	}
	return false
}

func portsMatch(input Input, ports []networking.NetworkPolicyPort, connection Connection) bool {
	if len(ports) == 0 {
		return true
	}
	target, local := podAt(input, connection.Target)
	for _, port := range ports {
		protocol := core.ProtocolTCP
		if port.Protocol != nil {
			protocol = *port.Protocol
		}
		if string(protocol) != connection.Protocol {
			continue
		}
		switch {
		case port.Port == nil:
			return true
		case port.Port.Type == intstr.String:
			for _, named := range target.Ports {
				if local && named.Name == port.Port.StrVal && named.Protocol == connection.Protocol && named.Port == connection.Port {
					return true
				}
			}
		case port.EndPort != nil:
			if int32(connection.Port) >= port.Port.IntVal && int32(connection.Port) <= *port.EndPort {
				return true
			}
		case port.Port.IntVal == int32(connection.Port):
			return true
		}
	}
	return false
}

func TestCompiledRulesMeanWhatTheAPISays(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for round := range 300 {
		input := randomInput(random)
		rules := Compile(input)
		for range 120 {
			probe := randomConnection(random, input)
			if expected := literally(input, probe); rules.Allows(probe) != expected {
				t.Fatalf("seed %d round %d: %v: the API says %v", seed, round, probe, expected)
			}
		}
	}
}

func randomInput(random *rand.Rand) Input {
	input := Input{Namespaces: map[string]map[string]string{}}
	for index := range 3 {
		input.Namespaces[fmt.Sprint("n", index)] = randomLabels(random)
	}
	for index := range 2 + random.IntN(8) {
		input.Pods = append(input.Pods, Pod{
			Namespace: fmt.Sprint("n", random.IntN(3)), Name: fmt.Sprint("p", index), Labels: randomLabels(random),
			Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(index + 2)}),
			Ports: []NamedPort{
				{"web", "TCP", uint16(80 + random.IntN(4))}, {"dns", "UDP", uint16(80 + random.IntN(4))},
			},
		})
	}
	for index := range random.IntN(6) {
		policy := &networking.NetworkPolicy{ObjectMeta: meta.ObjectMeta{Namespace: fmt.Sprint("n", random.IntN(3)), Name: fmt.Sprint("x", index)}}
		policy.Spec.PodSelector = randomSelector(random)
		for range random.IntN(3) {
			policy.Spec.Ingress = append(policy.Spec.Ingress, networking.NetworkPolicyIngressRule{From: randomPeers(random), Ports: randomPorts(random)})
		}
		for range random.IntN(3) {
			policy.Spec.Egress = append(policy.Spec.Egress, networking.NetworkPolicyEgressRule{To: randomPeers(random), Ports: randomPorts(random)})
		}
		switch random.IntN(4) {
		case 0:
			policy.Spec.PolicyTypes = []networking.PolicyType{networking.PolicyTypeIngress}
		case 1:
			policy.Spec.PolicyTypes = []networking.PolicyType{networking.PolicyTypeEgress}
		case 2:
			policy.Spec.PolicyTypes = []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress}
		}
		input.Policies = append(input.Policies, policy)
	}
	return input
}

func randomLabels(random *rand.Rand) map[string]string {
	return map[string]string{"a": fmt.Sprint(random.IntN(2)), "b": fmt.Sprint(random.IntN(2))}
}

func randomSelector(random *rand.Rand) meta.LabelSelector {
	switch random.IntN(4) {
	case 0:
		return meta.LabelSelector{}
	case 1:
		return meta.LabelSelector{MatchExpressions: []meta.LabelSelectorRequirement{{Key: "b", Operator: meta.LabelSelectorOpNotIn, Values: []string{"1"}}}}
	default:
		return meta.LabelSelector{MatchLabels: map[string]string{"a": fmt.Sprint(random.IntN(2))}}
	}
}

func randomPeers(random *rand.Rand) []networking.NetworkPolicyPeer {
	var peers []networking.NetworkPolicyPeer
	for range random.IntN(3) {
		var peer networking.NetworkPolicyPeer
		pods, namespaces := randomSelector(random), randomSelector(random)
		switch random.IntN(4) {
		case 0:
			peer.PodSelector = &pods
		case 1:
			peer.NamespaceSelector = &namespaces
		case 2:
			peer.PodSelector, peer.NamespaceSelector = &pods, &namespaces
		default:
			peer.IPBlock = &networking.IPBlock{CIDR: "10.0.0.0/29", Except: []string{"10.0.0.4/31"}}
		}
		peers = append(peers, peer)
	}
	return peers
}

func randomPorts(random *rand.Rand) []networking.NetworkPolicyPort {
	var ports []networking.NetworkPolicyPort
	for range random.IntN(3) {
		var port networking.NetworkPolicyPort
		if random.IntN(2) == 0 {
			udp := core.ProtocolUDP
			port.Protocol = &udp
		}
		switch random.IntN(4) {
		case 0:
			value := intstr.FromString([]string{"web", "dns", "none"}[random.IntN(3)])
			port.Port = &value
		case 1:
			value, last := intstr.FromInt32(80), int32(80+random.IntN(3))
			port.Port, port.EndPort = &value, &last
		case 2:
			value := intstr.FromInt32(int32(80 + random.IntN(4)))
			port.Port = &value
		}
		ports = append(ports, port)
	}
	return ports
}

func randomConnection(random *rand.Rand, input Input) Connection {
	address := func() netip.Addr {
		if random.IntN(5) == 0 {
			return netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + random.IntN(9))})
		}
		return input.Pods[random.IntN(len(input.Pods))].Address
	}
	return Connection{address(), address(), []string{"TCP", "UDP"}[random.IntN(2)], uint16(79 + random.IntN(6))}
}

// With NFT set to the program's path, the packet filter itself reads what is rendered (nft -c loads
// nothing): a ruleset that it refused would leave the former one in force.
func TestThePacketFilterTakesWhatIsRendered(t *testing.T) {
	nft := os.Getenv("NFT")
	if nft == "" {
		t.Skip("NFT names no program")
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	network := Network{
		Table: "deepseek_check", Bridge: "deepseek9", LockForwarding: true,
		Pods: netip.MustParsePrefix("10.0.0.0/24"), Services: netip.MustParsePrefix("10.9.0.0/16"),
	}
	for round := range 100 {
		script := Render(Compile(randomInput(random)), network)
		command := exec.Command(nft, "-c", "-f", "-")
		command.Stdin = strings.NewReader(script)
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("seed %d round %d: %v: %s\n%s", seed, round, err, output, script)
		}
	}
}
