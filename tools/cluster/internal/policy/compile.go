package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Compile computes the rules. Pods that are selected by the same set of policies share a chain. The
// result depends on the input alone, not on its order.
func Compile(input Input) Rules {
	rules := Rules{Ingress: map[netip.Addr]string{}, Egress: map[netip.Addr]string{}}
	policies := slices.Clone(input.Policies)
	slices.SortFunc(policies, func(a, b *networking.NetworkPolicy) int { return strings.Compare(key(a), key(b)) })
	pods := slices.Clone(input.Pods)
	slices.SortFunc(pods, func(a, b Pod) int { return a.Address.Compare(b.Address) })
	input.Pods = pods

	known := map[string]bool{}
	for _, pod := range pods {
		rules.Pods = append(rules.Pods, pod.Address)
		for _, direction := range []Direction{Ingress, Egress} {
			selecting := selectingPolicies(policies, pod, direction)
			if len(selecting) == 0 {
				continue
			}
			chain := chainName(direction, selecting)
			if !known[chain] {
				known[chain] = true
				rules.Chains = append(rules.Chains, buildChain(chain, direction, selecting, input))
			}
			rules.chainOf(direction)[pod.Address] = chain
		}
	}
	slices.SortFunc(rules.Chains, func(a, b Chain) int { return strings.Compare(a.Name, b.Name) })
	return rules
}

func (rules Rules) chainOf(direction Direction) map[netip.Addr]string {
	if direction == Ingress {
		return rules.Ingress
	}
	return rules.Egress
}

func selectingPolicies(policies []*networking.NetworkPolicy, pod Pod, direction Direction) []*networking.NetworkPolicy {
	var selecting []*networking.NetworkPolicy
	for _, policy := range policies {
		if policy.Namespace == pod.Namespace && covers(policy, direction) && selects(&policy.Spec.PodSelector, pod.Labels) {
			selecting = append(selecting, policy)
		}
	}
	return selecting
}

// covers says whether the policy speaks about the direction. Where policyTypes is empty: ingress
// always, egress only where there is an egress rule (the API's own default).
func covers(policy *networking.NetworkPolicy, direction Direction) bool {
	if len(policy.Spec.PolicyTypes) == 0 {
		return direction == Ingress || len(policy.Spec.Egress) > 0
	}
	wanted := networking.PolicyTypeIngress
	if direction == Egress {
		wanted = networking.PolicyTypeEgress
	}
	return slices.Contains(policy.Spec.PolicyTypes, wanted)
}

// selects treats a selector that cannot be read as one that selects nothing: the API server
// refuses such selectors, so this is the closed side of an impossible case.
func selects(selector *meta.LabelSelector, set map[string]string) bool {
	parsed, err := meta.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(labels.Set(set))
}

func buildChain(name string, direction Direction, policies []*networking.NetworkPolicy, input Input) Chain {
	chain := Chain{Name: name, Direction: direction}
	for _, policy := range policies {
		chain.Policies = append(chain.Policies, key(policy))
		targets := selectedPods(policy, input.Pods)
		if direction == Ingress {
			for _, rule := range policy.Spec.Ingress {
				chain.Allow = append(chain.Allow, allowances(direction, policy.Namespace, rule.From, rule.Ports, targets, input)...)
			}
			continue
		}
		for _, rule := range policy.Spec.Egress {
			chain.Allow = append(chain.Allow, allowances(direction, policy.Namespace, rule.To, rule.Ports, targets, input)...)
		}
	}
	return chain
}

func selectedPods(policy *networking.NetworkPolicy, pods []Pod) []Pod {
	var selected []Pod
	for _, pod := range pods {
		if pod.Namespace == policy.Namespace && selects(&policy.Spec.PodSelector, pod.Labels) {
			selected = append(selected, pod)
		}
	}
	return selected
}

// allowances of one rule: every peer with every port. A rule without peers is for anyone; a rule
// whose peers select nobody allows nobody.
func allowances(
	direction Direction, namespace string, peers []networking.NetworkPolicyPeer,
	ports []networking.NetworkPolicyPort, targets []Pod, input Input,
) []Allowance {
	if len(peers) == 0 {
		named := targets
		if direction == Egress {
			named = input.Pods
		}
		return withPorts(Peer{Anyone: true}, ports, named)
	}
	var result []Allowance
	var selected []Pod
	for _, peer := range peers {
		if peer.IPBlock == nil {
			selected = append(selected, peerPods(namespace, peer, input)...)
			continue
		}
		block, usable := blockPeer(peer.IPBlock)
		if !usable {
			continue
		}
		named := targets
		if direction == Egress {
			named = podsWithin(block, input.Pods)
		}
		result = append(result, withPorts(block, ports, named)...)
	}
	if len(selected) > 0 {
		named := targets
		if direction == Egress {
			named = selected
		}
		result = append(result, withPorts(Peer{Addresses: addresses(selected)}, ports, named)...)
	}
	return result
}

func peerPods(namespace string, peer networking.NetworkPolicyPeer, input Input) []Pod {
	var found []Pod
	for _, pod := range input.Pods {
		if peer.NamespaceSelector == nil {
			if pod.Namespace != namespace {
				continue
			}
		} else if set, exists := input.Namespaces[pod.Namespace]; !exists || !selects(peer.NamespaceSelector, set) {
			continue
		}
		if peer.PodSelector == nil || selects(peer.PodSelector, pod.Labels) {
			found = append(found, pod)
		}
	}
	return found
}

// blockPeer gives false for IPv6 blocks: pods have IPv4 addresses only, so such a block is nobody.
func blockPeer(block *networking.IPBlock) (Peer, bool) {
	prefix, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !prefix.Addr().Is4() {
		return Peer{}, false
	}
	peer := Peer{Block: prefix.Masked()}
	for _, text := range block.Except {
		hole, err := netip.ParsePrefix(text)
		if err != nil {
			return Peer{}, false
		}
		peer.Except = append(peer.Except, hole.Masked())
	}
	return peer, true
}

func podsWithin(peer Peer, pods []Pod) []Pod {
	var found []Pod
	for _, pod := range pods {
		if peer.Matches(pod.Address) {
			found = append(found, pod)
		}
	}
	return found
}

// withPorts gives nothing where ports are named and no pod has them.
func withPorts(peer Peer, ports []networking.NetworkPolicyPort, named []Pod) []Allowance {
	if len(ports) == 0 {
		return []Allowance{{Peer: peer}}
	}
	allowance := Allowance{Peer: peer}
	for _, port := range ports {
		protocol := string(core.ProtocolTCP)
		if port.Protocol != nil {
			protocol = string(*port.Protocol)
		}
		switch {
		case port.Port == nil:
			allowance.Ports = append(allowance.Ports, PortRange{protocol, 0, 65535})
		case port.Port.Type == intstr.String:
			allowance.Endpoints = append(allowance.Endpoints, endpoints(port.Port.StrVal, protocol, named)...)
		default:
			last := port.Port.IntVal
			if port.EndPort != nil {
				last = *port.EndPort
			}
			allowance.Ports = append(allowance.Ports, PortRange{protocol, uint16(port.Port.IntVal), uint16(last)})
		}
	}
	allowance.Ports = mergeRanges(allowance.Ports)
	if len(allowance.Ports) == 0 && len(allowance.Endpoints) == 0 {
		return nil
	}
	return []Allowance{allowance}
}

func endpoints(name, protocol string, pods []Pod) []Endpoint {
	var found []Endpoint
	for _, pod := range pods {
		for _, port := range pod.Ports {
			endpoint := Endpoint{protocol, pod.Address, port.Port}
			if port.Name == name && port.Protocol == protocol && !slices.Contains(found, endpoint) {
				found = append(found, endpoint)
			}
		}
	}
	return found
}

// mergeRanges joins what overlaps or touches, because the packet filter refuses overlapping sets.
func mergeRanges(ranges []PortRange) []PortRange {
	slices.SortFunc(ranges, func(a, b PortRange) int {
		if order := strings.Compare(a.Protocol, b.Protocol); order != 0 {
			return order
		}
		return int(a.From) - int(b.From)
	})
	var merged []PortRange
	for _, next := range ranges {
		last := len(merged) - 1
		if last >= 0 && merged[last].Protocol == next.Protocol && int(next.From) <= int(merged[last].To)+1 {
			merged[last].To = max(merged[last].To, next.To)
			continue
		}
		merged = append(merged, next)
	}
	return merged
}

func addresses(pods []Pod) []netip.Addr {
	var found []netip.Addr
	for _, pod := range pods {
		found = append(found, pod.Address)
	}
	slices.SortFunc(found, netip.Addr.Compare)
	return slices.Compact(found)
}

func key(policy *networking.NetworkPolicy) string {
	return policy.Namespace + "/" + policy.Name
}

func chainName(direction Direction, policies []*networking.NetworkPolicy) string {
	hash := sha256.New()
	for _, policy := range policies {
		hash.Write([]byte(key(policy) + "\n"))
	}
	return string(direction) + "_" + hex.EncodeToString(hash.Sum(nil))[:16]
}
