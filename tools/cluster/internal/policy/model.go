// Package policy turns NetworkPolicy objects and pods into packet filter rules. It is pure: objects
// in, rules out; the node agent feeds it and loads what it gives.
package policy

import (
	"net/netip"

	networking "k8s.io/api/networking/v1"
)

// Pod is what the rules need to know of one pod of this node.
type Pod struct {
	Namespace string
	Name      string
	Labels    map[string]string
	Address   netip.Addr
	Ports     []NamedPort
}

// NamedPort is a container port with a name.
type NamedPort struct {
	Name     string
	Protocol string
	Port     uint16
}

// Input is the part of the cluster's state that decides who may talk to whom.
type Input struct {
	// Namespaces holds the labels of every namespace by its name.
	Namespaces map[string]map[string]string
	Pods       []Pod
	Policies   []*networking.NetworkPolicy
}

// Direction of a connection as seen from the pod that a policy selects.
type Direction string

const (
	Ingress Direction = "ingress"
	Egress  Direction = "egress"
)

// Rules are what a packet is judged by. A pod that is in neither map is not selected by any policy
// of that direction and may talk freely in it.
type Rules struct {
	Pods    []netip.Addr
	Ingress map[netip.Addr]string
	Egress  map[netip.Addr]string
	Chains  []Chain
}

// Chain holds the allowances of one set of policies; what none of them matches is dropped.
type Chain struct {
	Name      string
	Direction Direction
	// Policies are the namespace/name pairs it was made from: a comment for whoever reads the rules.
	Policies []string
	Allow    []Allowance
}

// Allowance lets a connection through when its peer and its port match.
type Allowance struct {
	Peer Peer
	// Ports is empty where every port and protocol is allowed.
	Ports []PortRange
	// Endpoints are the named ports, resolved: the address that is connected to, with its port.
	Endpoints []Endpoint
}

// Peer is anyone, some addresses, or a block with holes.
type Peer struct {
	Anyone    bool
	Addresses []netip.Addr
	Block     netip.Prefix
	Except    []netip.Prefix
}

// PortRange is inclusive; 0 to 65535 is every port of the protocol.
type PortRange struct {
	Protocol string
	From, To uint16
}

// Endpoint is one address and port of a protocol.
type Endpoint struct {
	Protocol string
	Address  netip.Addr
	Port     uint16
}
