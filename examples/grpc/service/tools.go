// SPDX-License-Identifier: BSD-2-Clause

//go:build tools

package main

// protoc's plugins, so that go.mod and go.sum say which.
import (
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)
