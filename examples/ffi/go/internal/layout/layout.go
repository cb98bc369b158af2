// SPDX-License-Identifier: BSD-2-Clause

// Package layout shows the tests what cgo sees of C's structs: no test file may
// import "C" itself.
package layout

// #include <rheo/rheo.h>
import "C"

import "reflect"

// Structs by their names in C.
func Structs() map[string]reflect.Type {
	return map[string]reflect.Type{
		"rheo_breaker_config_t":   reflect.TypeOf(C.rheo_breaker_config_t{}),
		"rheo_breaker_event_t":    reflect.TypeOf(C.rheo_breaker_event_t{}),
		"rheo_breaker_snapshot_t": reflect.TypeOf(C.rheo_breaker_snapshot_t{}),
		"rheo_bucket_config_t":    reflect.TypeOf(C.rheo_bucket_config_t{}),
		"rheo_bucket_quota_t":     reflect.TypeOf(C.rheo_bucket_quota_t{}),
		"rheo_bucket_stats_t":     reflect.TypeOf(C.rheo_bucket_stats_t{}),
		"rheo_counter_config_t":   reflect.TypeOf(C.rheo_counter_config_t{}),
		"rheo_guard_config_t":     reflect.TypeOf(C.rheo_guard_config_t{}),
		"rheo_guard_stats_t":      reflect.TypeOf(C.rheo_guard_stats_t{}),
		"rheo_verdict_t":          reflect.TypeOf(C.rheo_verdict_t{}),
	}
}
