// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rheo.example/rheo"
)

// mapped is a file in memory, shared with whoever maps it too.
func mapped(t *testing.T, file string, size int) []byte {
	t.Helper()
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if size > 0 {
		if err := f.Truncate(int64(size)); err != nil {
			t.Fatal(err)
		}
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	mem, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(mem) })
	return mem
}

func TestTwoMappingsAreOneBreaker(t *testing.T) {
	cfg := rheo.BreakerConfig{ConsecutiveFailures: 1}
	size, err := cfg.Size()
	if err != nil || size%rheo.Align() != 0 {
		t.Fatal(size, err)
	}
	file := filepath.Join(t.TempDir(), "breaker")
	a, err := rheo.NewBreakerIn(mapped(t, file, size), cfg, rheo.Now())
	if err != nil {
		t.Fatal(err)
	}
	b, err := rheo.AttachBreaker(mapped(t, file, 0), func(error) rheo.Outcome { return rheo.Failure })
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Do(func() error { return nil }); err != nil {
		t.Error(err)
	}
	b.Do(func() error { return errIll })
	if err := a.Do(func() error { return nil }); !errors.Is(err, rheo.BreakerOpen) {
		t.Error(err)
	}
}

func TestProcessesShareOneBucket(t *testing.T) {
	cfg := rheo.BucketConfig{TokensPerPeriod: 1, Period: time.Hour, Burst: 10000}
	if file := os.Getenv("RHEO_TEST_BUCKET"); file != "" {
		b, err := rheo.AttachBucket(mapped(t, file, 0))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for b.AllowAt(1, 0) {
			n++
		}
		fmt.Printf("taken %d\n", n)
		return
	}
	size, err := cfg.Size()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bucket")
	if _, err := rheo.NewBucketIn(mapped(t, file, size), cfg, 0); err != nil {
		t.Fatal(err)
	}
	var children []*exec.Cmd
	var said []*strings.Builder
	for i := 0; i < 3; i++ {
		child := exec.Command(os.Args[0], "-test.run=^TestProcessesShareOneBucket$")
		child.Env = append(os.Environ(), "RHEO_TEST_BUCKET="+file)
		out := &strings.Builder{}
		child.Stdout, child.Stderr = out, os.Stderr
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		children, said = append(children, child), append(said, out)
	}
	sum := 0
	for i, child := range children {
		if err := child.Wait(); err != nil {
			t.Error(err, said[i])
		}
		var n int
		if _, err := fmt.Sscanf(said[i].String(), "taken %d", &n); err != nil {
			t.Error(err, said[i])
		}
		sum += n
	}
	if sum != 10000 {
		t.Errorf("%d of 10000", sum)
	}
}

func TestMemoryThatDoesNotFitIsRefused(t *testing.T) {
	cfg := rheo.BucketConfig{TokensPerPeriod: 1, Burst: 1}
	size, err := cfg.Size()
	if err != nil {
		t.Fatal(err)
	}
	mem := mapped(t, filepath.Join(t.TempDir(), "m"), 1<<14)
	_, err = rheo.NewBucketIn(mem[1:], cfg, 0)
	wantField(t, err, "mem")
	_, err = rheo.NewBucketIn(mem[:size-1], cfg, 0)
	wantStatus(t, "too small", statusOf(err), rheo.NoSpace)
	_, err = rheo.NewBucketIn(nil, cfg, 0)
	wantStatus(t, "none", statusOf(err), rheo.NoSpace)
	_, err = rheo.NewBreakerIn(mem[:128], rheo.BreakerConfig{}, 0)
	wantStatus(t, "too small", statusOf(err), rheo.NoSpace)
	_, err = rheo.NewBreakerIn(nil, rheo.BreakerConfig{}, 0)
	wantStatus(t, "none", statusOf(err), rheo.NoSpace)
	_, err = rheo.AttachBucket(mem)
	wantStatus(t, "empty", statusOf(err), rheo.Corrupt)
	_, err = rheo.AttachBucket(nil)
	wantStatus(t, "none", statusOf(err), rheo.NoSpace)
	_, err = rheo.AttachBreaker(mem, nil)
	wantStatus(t, "empty", statusOf(err), rheo.Corrupt)
	if _, err := rheo.NewBucketIn(mem, cfg, 0); err != nil {
		t.Fatal(err)
	}
	_, err = rheo.AttachBreaker(mem, nil)
	wantStatus(t, "a bucket is no breaker", statusOf(err), rheo.Corrupt)
	_, err = rheo.AttachBucket(mem[:128])
	wantStatus(t, "cut off", statusOf(err), rheo.NoSpace)
	if b, err := rheo.AttachBucket(mem); err != nil || !b.AllowAt(1, 0) {
		t.Error(err)
	}
}
