// SPDX-License-Identifier: BSD-2-Clause

package rheo_test

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

	"rheo.example/rheo"
	"rheo.example/rheo/internal/layout"
)

func TestLayoutIsAsCHasIt(t *testing.T) {
	structs := layout.Structs()
	lines := rows(t, built("layout.tsv"))
	if len(lines) < 100 {
		t.Fatalf("only %d lines", len(lines))
	}
	for _, line := range lines {
		name, field := line[0], line[1]
		offset, _ := strconv.Atoi(line[2])
		size, _ := strconv.Atoi(line[3])
		seen, ok := structs[name]
		if !ok {
			t.Errorf("%s is not known here", name)
			continue
		}
		if field == "" {
			if int(seen.Size()) != size {
				t.Errorf("%s: size %d, want %d", name, seen.Size(), size)
			}
			continue
		}
		f, ok := seen.FieldByName(field)
		if !ok {
			t.Errorf("%s.%s is not known here", name, field)
		} else if int(f.Offset) != offset || int(f.Type.Size()) != size {
			t.Errorf("%s.%s: offset %d, size %d; want %d, %d", name, field, f.Offset, f.Type.Size(), offset, size)
		}
	}
	t.Logf("counted: %d layouts", len(lines))
}

// A field that C gets is a field that Go has to show.
func TestEveryFieldOfCHasOneInGo(t *testing.T) {
	shown := map[string]any{
		"rheo_bucket_config_t":    rheo.BucketConfig{},
		"rheo_bucket_quota_t":     rheo.Quota{},
		"rheo_bucket_stats_t":     rheo.BucketStats{},
		"rheo_breaker_config_t":   rheo.BreakerConfig{},
		"rheo_breaker_event_t":    rheo.Event{},
		"rheo_breaker_snapshot_t": rheo.Snapshot{},
		"rheo_guard_config_t":     rheo.GuardConfig{},
		"rheo_guard_stats_t":      rheo.GuardStats{},
		"rheo_verdict_t":          rheo.Verdict{},
	}
	// Those that are two or more fields in Go, or none.
	other := map[string]bool{"struct_size": true, "flags": true, "reserved": true}
	named := map[string]string{"bucket": "Buckets"}
	structs := layout.Structs()
	for name, value := range shown {
		seen, in := structs[name], reflect.TypeOf(value)
		for i := 0; i < seen.NumField(); i++ {
			c := seen.Field(i).Name
			if other[c] || c == "_" {
				continue
			}
			exact, short := camel(c), camel(strings.TrimSuffix(c, "_ns"))
			_, a := in.FieldByName(exact)
			_, b := in.FieldByName(short)
			_, d := in.FieldByName(named[c])
			if !a && !b && !d {
				t.Errorf("%s.%s is in no field of %s", name, c, in)
			}
		}
	}
}

func camel(c string) (g string) {
	for _, word := range strings.Split(c, "_") {
		switch word {
		case "ns", "bp", "cas":
			g += strings.ToUpper(word)
		default:
			g += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return g
}
