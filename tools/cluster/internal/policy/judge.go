package policy

import (
	"net/netip"
	"slices"
)

// Connection is one attempt to open a connection, after the translation of Service addresses.
type Connection struct {
	Source, Target netip.Addr
	Protocol       string
	Port           uint16
}

// Allows judges as the packet filter does with these rules. Tests and explanations use it.
func (rules Rules) Allows(connection Connection) bool {
	if connection.Source == connection.Target {
		return true
	}
	return rules.passes(rules.Egress, connection, connection.Source, connection.Target) &&
		rules.passes(rules.Ingress, connection, connection.Target, connection.Source)
}

func (rules Rules) passes(chains map[netip.Addr]string, connection Connection, self, peer netip.Addr) bool {
	name, selected := chains[self]
	if !selected {
		return true
	}
	for _, chain := range rules.Chains {
		if chain.Name == name {
			return slices.ContainsFunc(chain.Allow, func(allowance Allowance) bool {
				return allowance.Peer.Matches(peer) && allowance.matchesPort(connection)
			})
		}
	}
	return false
}

// Matches says whether the address belongs to the peer.
func (peer Peer) Matches(address netip.Addr) bool {
	switch {
	case peer.Anyone:
		return true
	case peer.Block.IsValid():
		return peer.Block.Contains(address) &&
			!slices.ContainsFunc(peer.Except, func(hole netip.Prefix) bool { return hole.Contains(address) })
	default:
		return slices.Contains(peer.Addresses, address)
	}
}

func (allowance Allowance) matchesPort(connection Connection) bool {
	if len(allowance.Ports) == 0 && len(allowance.Endpoints) == 0 {
		return true
	}
	inRange := slices.ContainsFunc(allowance.Ports, func(ports PortRange) bool {
		return ports.Protocol == connection.Protocol && ports.From <= connection.Port && connection.Port <= ports.To
	})
	return inRange || slices.Contains(allowance.Endpoints, Endpoint{connection.Protocol, connection.Target, connection.Port})
}
