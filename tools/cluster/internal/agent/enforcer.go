package agent

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"deepseek.local/cluster/internal/policy"
)

const (
	// Changes that come together are loaded together; far below the second in which a rule must hold.
	settleTime  = 20 * time.Millisecond
	loadTimeout = 10 * time.Second
	retryTime   = time.Second
)

// enforcer keeps the packet filter equal to the cluster's policies.
type enforcer struct {
	node       string
	network    policy.Network
	pods       corelisters.PodLister
	namespaces corelisters.NamespaceLister
	policies   networkinglisters.NetworkPolicyLister
	changed    chan struct{}

	mutex sync.Mutex
	// assigned holds the addresses that the network gate reported: they are known before the
	// kubelet has written them into the pod's status.
	assigned map[types.UID]netip.Addr
	loaded   string
	// admitted are the pods whose rules are loaded; news is closed and replaced after every load.
	admitted map[types.UID]netip.Addr
	news     chan struct{}
}

func newEnforcer(factory informers.SharedInformerFactory, node string, network policy.Network) *enforcer {
	created := &enforcer{
		node:       node,
		network:    network,
		pods:       factory.Core().V1().Pods().Lister(),
		namespaces: factory.Core().V1().Namespaces().Lister(),
		policies:   factory.Networking().V1().NetworkPolicies().Lister(),
		changed:    make(chan struct{}, 1),
		assigned:   map[types.UID]netip.Addr{},
		admitted:   map[types.UID]netip.Addr{},
		news:       make(chan struct{}),
	}
	note := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { created.wake() },
		UpdateFunc: func(any, any) { created.wake() },
		DeleteFunc: func(any) { created.wake() },
	}
	for _, informer := range []cache.SharedIndexInformer{
		factory.Core().V1().Pods().Informer(),
		factory.Core().V1().Namespaces().Informer(),
		factory.Networking().V1().NetworkPolicies().Informer(),
	} {
		_, _ = informer.AddEventHandler(note)
	}
	return created
}

func (e *enforcer) wake() {
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

// closeUntilSynced loads a table that knows no pod, so nothing passes the bridge, unless an earlier
// agent left its rules: those stay in force until the new ones are computed.
func (e *enforcer) closeUntilSynced(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	if exec.CommandContext(ctx, "nft", "list", "chain", "inet", e.network.Table, "leaving").Run() == nil {
		return nil
	}
	return load(ctx, policy.Render(policy.Rules{}, e.network))
}

// run loads the rules once and then after every change, until the context ends.
func (e *enforcer) run(ctx context.Context) error {
	e.wake()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-e.changed:
		}
		time.Sleep(settleTime)
		if err := e.enforce(ctx); err != nil {
			klog.ErrorS(err, "The rules were not loaded; the former ones stay in force")
			time.AfterFunc(retryTime, e.wake)
		}
	}
}

func (e *enforcer) enforce(ctx context.Context) error {
	input, admitted, err := e.observe()
	if err != nil {
		return err
	}
	script := policy.Render(policy.Compile(input), e.network)
	e.mutex.Lock()
	same := script == e.loaded
	e.mutex.Unlock()
	if !same {
		started := time.Now()
		limited, cancel := context.WithTimeout(ctx, loadTimeout)
		defer cancel()
		if err := load(limited, script); err != nil {
			return err
		}
		klog.V(1).InfoS("Loaded", "pods", len(input.Pods), "policies", len(input.Policies), "took", time.Since(started))
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.loaded = script
	e.admitted = admitted
	close(e.news)
	e.news = make(chan struct{})
	return nil
}

// observe reads the caches: pods of this node that have an address and still run.
func (e *enforcer) observe() (policy.Input, map[types.UID]netip.Addr, error) {
	input := policy.Input{Namespaces: map[string]map[string]string{}}
	namespaces, err := e.namespaces.List(labels.Everything())
	if err != nil {
		return input, nil, err
	}
	for _, namespace := range namespaces {
		input.Namespaces[namespace.Name] = namespace.Labels
	}
	if input.Policies, err = e.policies.List(labels.Everything()); err != nil {
		return input, nil, err
	}
	pods, err := e.pods.List(labels.Everything())
	if err != nil {
		return input, nil, err
	}
	admitted := map[types.UID]netip.Addr{}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	holders := e.holders(pods)
	for _, pod := range pods {
		if address := e.addressOf(pod); address.IsValid() && holders[address] == pod.UID {
			admitted[pod.UID] = address
			input.Pods = append(input.Pods, describe(pod, address))
		}
	}
	return input, admitted, nil
}

// holders says whose each address is. A pod's status may name an address that it lost in a restart
// of the node: whoever got it from the network gate has it, and of two mere claims none counts.
func (e *enforcer) holders(pods []*core.Pod) map[netip.Addr]types.UID {
	holders := map[netip.Addr]types.UID{}
	for _, pod := range pods {
		address := e.addressOf(pod)
		if _, claimed := holders[address]; claimed {
			holders[address] = ""
			continue
		}
		holders[address] = pod.UID
	}
	for uid, address := range e.assigned {
		holders[address] = uid
	}
	return holders
}

func (e *enforcer) addressOf(pod *core.Pod) netip.Addr {
	if pod.Spec.NodeName != e.node || pod.Spec.HostNetwork ||
		pod.Status.Phase == core.PodSucceeded || pod.Status.Phase == core.PodFailed {
		return netip.Addr{}
	}
	if address, known := e.assigned[pod.UID]; known {
		return address
	}
	address, err := netip.ParseAddr(pod.Status.PodIP)
	if err != nil || !e.network.Pods.Contains(address) {
		return netip.Addr{}
	}
	return address
}

func describe(pod *core.Pod, address netip.Addr) policy.Pod {
	described := policy.Pod{Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels, Address: address}
	// Containers that start as sidecars stand among the init containers.
	for _, container := range append(append([]core.Container{}, pod.Spec.InitContainers...), pod.Spec.Containers...) {
		for _, port := range container.Ports {
			if port.Name != "" {
				described.Ports = append(described.Ports, policy.NamedPort{
					Name: port.Name, Protocol: string(port.Protocol), Port: uint16(port.ContainerPort),
				})
			}
		}
	}
	return described
}

// admit takes a new pod's address and returns when the pod's rules are loaded.
func (e *enforcer) admit(ctx context.Context, uid types.UID, address netip.Addr) error {
	if !e.network.Pods.Contains(address) {
		return fmt.Errorf("%s is no pod address", address)
	}
	e.mutex.Lock()
	for other, taken := range e.assigned {
		if taken == address {
			delete(e.assigned, other)
		}
	}
	e.assigned[uid] = address
	e.mutex.Unlock()
	e.wake()
	for {
		e.mutex.Lock()
		done, news := e.admitted[uid] == address, e.news
		e.mutex.Unlock()
		if done {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("the rules of pod %s were not loaded in time", uid)
		}
	}
}

// forget drops a pod's address: its network is gone.
func (e *enforcer) forget(uid types.UID) {
	e.mutex.Lock()
	delete(e.assigned, uid)
	e.mutex.Unlock()
	e.wake()
}

func load(ctx context.Context, script string) error {
	command := exec.CommandContext(ctx, "nft", "-f", "-")
	command.Stdin = strings.NewReader(script)
	var message bytes.Buffer
	command.Stderr = &message
	if err := command.Run(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, strings.TrimSpace(message.String()))
	}
	return nil
}
