package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Shorter than the network gate's own patience, so that the gate gets the reason.
const admitTimeout = 25 * time.Second

type podRequest struct {
	UID     types.UID `json:"uid"`
	Address string    `json:"address"`
}

// serveGate answers the network gate and health checks on a unix socket that only root may open.
func serveGate(ctx context.Context, socket string, enforcer *enforcer) error {
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(answer http.ResponseWriter, _ *http.Request) {
		enforcer.mutex.Lock()
		defer enforcer.mutex.Unlock()
		if enforcer.loaded == "" {
			http.Error(answer, "the rules are not loaded yet", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /pods", func(answer http.ResponseWriter, request *http.Request) {
		if err := admitPod(request, enforcer); err != nil {
			http.Error(answer, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("DELETE /pods", func(_ http.ResponseWriter, request *http.Request) {
		enforcer.forget(types.UID(request.URL.Query().Get("uid")))
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return server.Serve(listener)
}

func admitPod(request *http.Request, enforcer *enforcer) error {
	var pod podRequest
	if err := json.NewDecoder(request.Body).Decode(&pod); err != nil {
		return err
	}
	address, err := netip.ParseAddr(pod.Address)
	if err != nil || pod.UID == "" {
		return fmt.Errorf("a pod needs an address and a uid: %v", err)
	}
	ctx, cancel := context.WithTimeout(request.Context(), admitTimeout)
	defer cancel()
	return enforcer.admit(ctx, pod.UID, address)
}
