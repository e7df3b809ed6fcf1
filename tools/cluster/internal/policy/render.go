package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Network is the fixed frame around the rules.
type Network struct {
	Table    string
	Bridge   string
	Pods     netip.Prefix
	Services netip.Prefix
	// LockForwarding drops what is forwarded between interfaces that are not ours: set where the
	// machine was no router before the cluster made it one.
	LockForwarding bool
}

// Render writes the whole table as one nft script. nft applies a script in one transaction: there is
// no moment with half of the rules, and counters or sets of others are not touched.
func Render(rules Rules, network Network) string {
	var out strings.Builder
	fmt.Fprintf(&out, "table inet %[1]s\ndelete table inet %[1]s\ntable inet %[1]s {\n", network.Table)
	writeSets(&out, rules)
	for _, chain := range rules.Chains {
		writeChain(&out, chain)
	}
	writeFrame(&out, network)
	out.WriteString("}\n")
	return out.String()
}

func writeSets(out *strings.Builder, rules Rules) {
	var pods, selves []string
	for _, address := range rules.Pods {
		pods = append(pods, address.String())
		selves = append(selves, address.String()+" . "+address.String())
	}
	writeElements(out, "set pods { type ipv4_addr;", pods)
	writeElements(out, "set selves { type ipv4_addr . ipv4_addr;", selves)
	writeElements(out, "map ingress { type ipv4_addr : verdict;", jumps(rules.Ingress))
	writeElements(out, "map egress { type ipv4_addr : verdict;", jumps(rules.Egress))
}

func writeElements(out *strings.Builder, head string, elements []string) {
	if len(elements) > 0 {
		head += " elements = { " + strings.Join(elements, ", ") + " };"
	}
	fmt.Fprintf(out, "  %s\n  }\n", head)
}

func jumps(chains map[netip.Addr]string) []string {
	var elements []string
	for address, chain := range chains {
		elements = append(elements, fmt.Sprintf("%s : jump %s", address, chain))
	}
	slices.Sort(elements)
	return elements
}

// writeChain returns to the caller for what is allowed, because the other direction is judged next.
func writeChain(out *strings.Builder, chain Chain) {
	fmt.Fprintf(out, "  chain %s {\n", chain.Name)
	for _, line := range slices.Compact(chainLines(chain)) {
		fmt.Fprintf(out, "    %sreturn\n", line)
	}
	out.WriteString("    drop\n  }\n")
}

func chainLines(chain Chain) []string {
	var lines []string
	for _, allowance := range chain.Allow {
		peer := peerMatch(chain.Direction, allowance.Peer)
		if len(allowance.Ports) == 0 && len(allowance.Endpoints) == 0 {
			lines = append(lines, peer)
			continue
		}
		for _, protocol := range []string{"TCP", "UDP", "SCTP"} {
			if match := portMatch(protocol, allowance.Ports); match != "" {
				lines = append(lines, peer+match)
			}
			if match := endpointMatch(protocol, allowance.Endpoints); match != "" {
				lines = append(lines, peer+match)
			}
		}
	}
	return lines
}

func peerMatch(direction Direction, peer Peer) string {
	field := "ip saddr"
	if direction == Egress {
		field = "ip daddr"
	}
	switch {
	case peer.Anyone:
		return ""
	case peer.Block.IsValid():
		match := ""
		if peer.Block.Bits() > 0 {
			match = fmt.Sprintf("%s %s ", field, peer.Block)
		}
		for _, hole := range peer.Except {
			match += fmt.Sprintf("%s != %s ", field, hole)
		}
		return match
	default:
		var elements []string
		for _, address := range peer.Addresses {
			elements = append(elements, address.String())
		}
		return fmt.Sprintf("%s { %s } ", field, strings.Join(elements, ", "))
	}
}

func portMatch(protocol string, ranges []PortRange) string {
	var elements []string
	for _, ports := range ranges {
		if ports.Protocol != protocol {
			continue
		}
		if ports.From == 0 && ports.To == 65535 {
			return fmt.Sprintf("meta l4proto %s ", strings.ToLower(protocol))
		}
		if ports.From == ports.To {
			elements = append(elements, fmt.Sprint(ports.From))
		} else {
			elements = append(elements, fmt.Sprintf("%d-%d", ports.From, ports.To))
		}
	}
	if len(elements) == 0 {
		return ""
	}
	return fmt.Sprintf("%s dport { %s } ", strings.ToLower(protocol), strings.Join(elements, ", "))
}

func endpointMatch(protocol string, endpoints []Endpoint) string {
	var elements []string
	for _, endpoint := range endpoints {
		if endpoint.Protocol == protocol {
			elements = append(elements, fmt.Sprintf("%s . %d", endpoint.Address, endpoint.Port))
		}
	}
	if len(elements) == 0 {
		return ""
	}
	return fmt.Sprintf("ip daddr . %s dport { %s } ", strings.ToLower(protocol), strings.Join(elements, ", "))
}

// The frame. A pod's address is known before its first container runs (the network gate sees to
// it), so an unknown address on the bridge is a forged one. What the node itself sends to its pods
// (probes, NodePorts, the API server's webhooks) passes the output hook, which is not filtered.
const frame = `  chain leaving {
    ip saddr != @pods drop
    ip saddr vmap @egress
  }
  chain arriving {
    ip daddr != @pods drop
    ip daddr vmap @ingress
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "BRIDGE" meta nfproto ipv6 drop
    oifname "BRIDGE" meta nfproto ipv6 drop
    ct state established,related accept
    ip saddr . ip daddr @selves accept
    iifname "BRIDGE" jump leaving
    oifname "BRIDGE" jump arriving
FORWARDING  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "BRIDGE" meta nfproto ipv6 drop
    iifname "BRIDGE" ct state established,related accept
    iifname "BRIDGE" jump leaving
  }
  chain outside {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
    iifname != { "lo", "BRIDGE" } ip daddr { PODS, SERVICES } drop
  }
  chain translate {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr PODS oifname != { "lo", "BRIDGE" } masquerade
  }
`

func writeFrame(out *strings.Builder, network Network) {
	forwarding := ""
	if network.LockForwarding {
		forwarding = fmt.Sprintf("    iifname != %q oifname != %q drop\n", network.Bridge, network.Bridge)
	}
	text := strings.NewReplacer(
		"BRIDGE", network.Bridge,
		"PODS", network.Pods.Masked().String(),
		"SERVICES", network.Services.Masked().String(),
		"FORWARDING", forwarding,
	).Replace(frame)
	out.WriteString(text)
}
