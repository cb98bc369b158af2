/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_WORST_WORST_H
#define RHEO_WORST_WORST_H

/* The three parts of the report. Each returns 0, or 1 where what was to be measured did not come about. */

int worst_sizes(void);
int worst_lanes(void);
int worst_calls(unsigned ms);

#endif
