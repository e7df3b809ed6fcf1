package agent

import (
	"context"
	"io"
	"net"
	"sync"
	"time"

	"k8s.io/klog/v2"
)

// relay hands connections from the bridge to the API server on loopback, byte by byte: TLS and
// authentication stay between the pod and the API server.
func relay(ctx context.Context, address, target string) error {
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	for {
		accepted, err := listener.Accept()
		if err != nil {
			return err
		}
		go join(accepted, target)
	}
}

func join(accepted net.Conn, target string) {
	defer accepted.Close()
	onward, err := net.DialTimeout("tcp4", target, 5*time.Second)
	if err != nil {
		klog.ErrorS(err, "The API server does not answer", "target", target)
		return
	}
	defer onward.Close()
	var both sync.WaitGroup
	both.Go(func() { pour(onward, accepted) })
	both.Go(func() { pour(accepted, onward) })
	both.Wait()
}

func pour(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, able := to.(*net.TCPConn); able {
		_ = half.CloseWrite()
	}
}
