// SPDX-License-Identifier: BSD-2-Clause

//go:build !rheo_installed

package rheo

// The C library itself, rheo.c and rheo.h, lies beside this file in the package
// (run.sh puts it there; the repository keeps it in lib/ and include/).

// #cgo CFLAGS: -std=c11 -O2 -DRHEO_BUNDLED -DRHEO_NO_CK
import "C"
