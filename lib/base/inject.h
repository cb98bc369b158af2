/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_BASE_INJECT_H
#define RHEO_BASE_INJECT_H

/*
 * A named point inside a critical window. Empty in the product; a test build
 * defines RHEO_INJECT before this file is read and takes control there.
 */
#ifndef RHEO_INJECT
#define RHEO_INJECT(point) ((void)0)
#endif

#endif
