// SPDX-License-Identifier: BSD-2-Clause

package rheo

// Blocks of C's memory that are not freed yet.
func Blocks() int64 { return blocks.Load() }

const StatusAfterLast = statusAfterLast
