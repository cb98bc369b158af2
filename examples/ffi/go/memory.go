// SPDX-License-Identifier: BSD-2-Clause

package rheo

// #include "shim.h"
import "C"

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

// memory is where one object lives: C's memory, since Go's may not be kept by C.
//
// It is freed by a finalizer alone. Close takes the handle away, so that later
// calls are refused, but a call on another goroutine may be inside right then;
// it keeps its memory reachable until it returns (runtime.KeepAlive), and so
// from being freed.
type memory struct {
	handle atomic.Uintptr // not an address; 0 once closed
	block  unsafe.Pointer // to free; nil where the memory is the caller's
	shared []byte         // the caller's memory
}

// blocks is how many are not freed yet.
var blocks atomic.Int64

func (m *memory) set(handle C.uintptr_t) { m.handle.Store(uintptr(handle)) }

func (m *memory) close() { m.handle.Store(0) }

func (m *memory) h() C.uintptr_t { return C.uintptr_t(m.handle.Load()) }

// place is memory of the size asked for, aligned: of C's heap where mem is nil.
func place(mem []byte, size C.uint64_t) (*memory, unsafe.Pointer, C.uint64_t, error) {
	if mem != nil {
		return &memory{shared: mem}, unsafe.Pointer(&mem[0]), C.uint64_t(len(mem)), nil
	}
	block := C.aligned_alloc(C.size_t(C.rheo_bucket_align()), C.size_t(size)) // one alignment for all kinds
	if block == nil {
		return nil, nil, 0, &Error{Status: NoSpace}
	}
	m := &memory{block: block}
	blocks.Add(1)
	runtime.SetFinalizer(m, func(m *memory) {
		C.free(m.block)
		blocks.Add(-1)
	})
	return m, block, size, nil
}

// memoryFault is what init and attach answer of a configuration that is right.
func memoryFault(s Status) error {
	if s == InvalidArgument {
		return invalid("mem")
	}
	return s.Err()
}

// begun is when Now was 0 by Go's clock; origin is what the C clock said not later than that.
var (
	begun  = time.Now()
	origin = calibrate()
)

// calibrate finds how far C's epoch is from Go's. The C clock is read first, so
// Now is never ahead of it; of several tries the tightest is the largest.
func calibrate() (best uint64) {
	for i := 0; i < 8; i++ {
		c := uint64(C.rheo_now_ns())
		if o := c - uint64(time.Since(begun)); o > best {
			best = o
		}
	}
	return best
}

// Now is rheo_now_ns, to within a fraction of a microsecond and never later,
// read by Go without a call into C. It is the time that calls ending in At want;
// those without At read C's clock, inside the call.
func Now() uint64 { return origin + uint64(time.Since(begun)) }

// Version is the C library's: "0.1.0".
func Version() string { return C.GoString(C.rheo_version_string()) }

// VersionNumber is the same as major*1000000 + minor*1000 + patch.
func VersionNumber() uint32 { return uint32(C.rheo_version()) }
