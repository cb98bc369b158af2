/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_RHEO_H
#define RHEO_RHEO_H

/*
 * rheo: token buckets, circuit breakers, and a guard that combines them.
 *
 * What holds for every object:
 *
 *  memory   The caller's: rheo_X_size(cfg) bytes at rheo_X_align(). No call
 *           allocates. A handle is what rheo_X_init or rheo_X_attach stored;
 *           it is not the address of the memory (memory passed as a handle
 *           compiles, and misbehaves): keep that one too, to free it.
 *           Buckets, breakers and counters hold no pointer: they work at any
 *           address, in shared memory and after fork. There is nothing to
 *           destroy: when the last call has returned, reuse the memory.
 *  time     uint64_t now_ns of any monotonic epoch, one epoch per object. A
 *           time before one already known (published) is read as standing
 *           still, and counted; racing threads cause a few. Read the clock
 *           right before the call: a decision belongs to the time it is given.
 *  status   int32_t: 0 done, > 0 a policy said no, < 0 the caller erred and
 *           nothing was changed (status.h).
 *  config   Starts with struct_size. rheo_X_config_init fills in defaults;
 *           set fields after it. A shorter struct (an older caller) means
 *           defaults for the rest; a longer one whose tail is not zero is
 *           RHEO_ERR_VERSION.
 *  threads  Each header has a table of the calls that may run at once. On a
 *           request's path there is no lock, no allocation, no system call
 *           and no clock; those calls are safe in a signal handler.
 */

#include <rheo/breaker.h>
#include <rheo/bucket.h>
#include <rheo/clock.h>
#include <rheo/counter.h>
#include <rheo/export.h>
#include <rheo/guard.h>
#include <rheo/status.h>
#include <rheo/version.h>

#endif
