// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rheo.example/rheo"
)

const second = uint64(1e9)

func newBucket(t testing.TB, cfg rheo.BucketConfig, nowNS uint64) *rheo.Bucket {
	t.Helper()
	b, err := rheo.NewBucketAt(cfg, nowNS)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newBreaker(t testing.TB, cfg rheo.BreakerConfig, nowNS uint64) *rheo.Breaker {
	t.Helper()
	b, err := rheo.NewBreakerAt(cfg, nowNS)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// statusOf is the status in an error: OK for nil.
func statusOf(err error) rheo.Status {
	var e *rheo.Error
	if errors.As(err, &e) {
		return e.Status
	}
	if err != nil {
		return -128
	}
	return rheo.OK
}

func wantStatus(t testing.TB, what string, got, want rheo.Status) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got.Name(), want.Name())
	}
}

// wantField checks that err is InvalidArgument for this field.
func wantField(t testing.TB, err error, field string) {
	t.Helper()
	var e *rheo.Error
	if !errors.As(err, &e) || !errors.Is(err, rheo.InvalidArgument) || e.Field != field {
		t.Errorf("%v, want InvalidArgument for %s", err, field)
	}
}

// rows are the lines of a tab-separated file that are no comments.
func rows(t *testing.T, file string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		if !strings.HasPrefix(line, "#") {
			rows = append(rows, strings.Split(line, "\t"))
		}
	}
	return rows
}

// built is a file of the build, made by make ffi-prepare.
func built(name string) string {
	b := os.Getenv("B")
	if b == "" {
		b = "../../../build"
	}
	return filepath.Join(b, "ffi", name)
}
