// SPDX-License-Identifier: BSD-2-Clause

//go:build rheo_installed

package rheo

// librheo as the machine has it; where it is in no default folder, set
// CGO_CFLAGS=-I... and CGO_LDFLAGS=-L...

// #cgo LDFLAGS: -lrheo
import "C"
