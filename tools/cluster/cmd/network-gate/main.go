// Command network-gate is the last plugin of the pod network's CNI chain. It tells the node agent a
// new pod's address and waits until the agent has loaded that pod's rules, so that no container of
// the pod ever runs without them. Without an answer the pod does not start.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
)

const answerTimeout = 30 * time.Second

type configuration struct {
	CNIVersion string          `json:"cniVersion"`
	Socket     string          `json:"socket"`
	PrevResult json.RawMessage `json:"prevResult"`
}

type result struct {
	IPs []struct {
		Address string `json:"address"`
	} `json:"ips"`
}

func main() {
	if err := run(); err != nil {
		// The CNI specification wants failures on standard output; 100 and above are a plugin's own.
		_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"cniVersion": "1.0.0", "code": 100, "msg": err.Error()})
		os.Exit(1)
	}
}

func run() error {
	if os.Getenv("CNI_COMMAND") == "VERSION" {
		_, err := os.Stdout.WriteString(`{"cniVersion":"1.0.0","supportedVersions":["0.3.1","0.4.0","1.0.0"]}`)
		return err
	}
	var config configuration
	if err := json.NewDecoder(os.Stdin).Decode(&config); err != nil {
		return fmt.Errorf("network-gate: configuration: %w", err)
	}
	arguments := podArguments(os.Getenv("CNI_ARGS"))
	switch os.Getenv("CNI_COMMAND") {
	case "ADD":
		if err := admit(config, arguments); err != nil {
			return err
		}
		_, err := os.Stdout.Write(config.PrevResult)
		return err
	case "DEL":
		// An agent that is not there has forgotten the pod already.
		_ = send(config.Socket, http.MethodDelete, map[string]string{"uid": arguments["K8S_POD_UID"]})
	}
	return nil
}

func admit(config configuration, arguments map[string]string) error {
	var previous result
	if err := json.Unmarshal(config.PrevResult, &previous); err != nil || len(previous.IPs) == 0 {
		return fmt.Errorf("network-gate: the plugin before gave no address (%v)", err)
	}
	prefix, err := netip.ParsePrefix(previous.IPs[0].Address)
	if err != nil {
		return fmt.Errorf("network-gate: %w", err)
	}
	return send(config.Socket, http.MethodPost, map[string]string{
		"uid":       arguments["K8S_POD_UID"],
		"namespace": arguments["K8S_POD_NAMESPACE"],
		"name":      arguments["K8S_POD_NAME"],
		"address":   prefix.Addr().String(),
	})
}

func podArguments(text string) map[string]string {
	arguments := map[string]string{}
	for _, pair := range strings.Split(text, ";") {
		if name, value, found := strings.Cut(pair, "="); found {
			arguments[name] = value
		}
	}
	return arguments
}

func send(socket, method string, body map[string]string) error {
	client := http.Client{
		Timeout: answerTimeout,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}},
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, "http://agent/pods?uid="+url.QueryEscape(body["uid"]), bytes.NewReader(text))
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("network-gate: node agent: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		message, _ := io.ReadAll(io.LimitReader(answer.Body, 1024))
		return fmt.Errorf("network-gate: node agent: %s", strings.TrimSpace(string(message)))
	}
	return nil
}
