/* SPDX-License-Identifier: BSD-2-Clause */

/* Included before rheo_jni.c: once Java has compiled what it calls often, every crossing is long. */
#define _GNU_SOURCE
#include <unistd.h>

static int crossings;

#define INSIDE() (__atomic_fetch_add(&crossings, 1, __ATOMIC_RELAXED) < 100000 ? 0 : usleep(10000))
