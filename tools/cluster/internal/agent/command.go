// Package agent is the node agent of the one-node cluster: it enforces NetworkPolicy objects, lets
// a pod start only when its rules are loaded, recycles released local volumes, and offers pods the
// API server that listens on loopback only.
package agent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"deepseek.local/cluster/internal/policy"
)

type options struct {
	kubeconfig, node          string
	table, bridge             string
	podRange, serviceRange    string
	lockForwarding            bool
	socket                    string
	volumes, storageClass     string
	relayAddress, relayTarget string
}

// NewCommand returns the program `node-agent`.
func NewCommand() *cobra.Command {
	var given options
	command := &cobra.Command{
		Use:          "node-agent",
		Short:        "Enforces network policies and recycles local volumes on one node",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			return given.run(command.Context())
		},
	}
	flags := command.Flags()
	flags.StringVar(&given.kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&given.node, "node", "", "name of this node")
	flags.StringVar(&given.table, "table", "", "name of the nftables table to keep")
	flags.StringVar(&given.bridge, "bridge", "", "name of the pods' bridge")
	flags.StringVar(&given.podRange, "pod-range", "", "addresses of pods")
	flags.StringVar(&given.serviceRange, "service-range", "", "addresses of Services")
	flags.BoolVar(&given.lockForwarding, "lock-forwarding", false, "forward nothing but the pods' packets")
	flags.StringVar(&given.socket, "socket", "", "unix socket for the network gate and for health checks")
	flags.StringVar(&given.volumes, "volumes", "", "folder with the local volumes")
	flags.StringVar(&given.storageClass, "storage-class", "", "storage class of the local volumes")
	flags.StringVar(&given.relayAddress, "relay-address", "", "address on the bridge where pods reach the API server")
	flags.StringVar(&given.relayTarget, "relay-target", "", "where the API server listens")
	for _, name := range []string{
		"kubeconfig", "node", "table", "bridge", "pod-range", "service-range",
		"socket", "volumes", "storage-class", "relay-address", "relay-target",
	} {
		_ = command.MarkFlagRequired(name)
	}
	return command
}

func (given options) run(ctx context.Context) error {
	network, err := given.network()
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", given.kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 10*time.Minute)
	enforcer := newEnforcer(factory, given.node, network)
	recycler := newRecycler(factory, client, given.volumes, given.storageClass)
	if err := enforcer.closeUntilSynced(ctx); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	start := func(name string, work func(context.Context) error) {
		go func() {
			if err := work(ctx); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		}()
	}
	start("relay", func(ctx context.Context) error { return relay(ctx, given.relayAddress, given.relayTarget) })
	start("gate", func(ctx context.Context) error { return serveGate(ctx, given.socket, enforcer) })
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced && ctx.Err() == nil {
			return fmt.Errorf("cannot list %v", kind)
		}
	}
	klog.InfoS("Watching", "node", given.node)
	start("enforcer", enforcer.run)
	start("recycler", recycler.run)
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

func (given options) network() (policy.Network, error) {
	pods, err := netip.ParsePrefix(given.podRange)
	if err != nil {
		return policy.Network{}, fmt.Errorf("--pod-range: %w", err)
	}
	services, err := netip.ParsePrefix(given.serviceRange)
	if err != nil {
		return policy.Network{}, fmt.Errorf("--service-range: %w", err)
	}
	return policy.Network{
		Table:          given.table,
		Bridge:         given.bridge,
		Pods:           pods,
		Services:       services,
		LockForwarding: given.lockForwarding,
	}, nil
}
