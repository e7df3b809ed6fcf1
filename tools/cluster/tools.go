//go:build tools

// Package cluster pins the programs that are built as they are.
package cluster

import _ "sigs.k8s.io/kwok/cmd/kwok"
