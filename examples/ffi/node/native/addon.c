/* SPDX-License-Identifier: BSD-2-Clause */
#include "node_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <rheo/rheo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What a call takes and gives lies in memory that JavaScript sees as typed
 * arrays (lib/box.js), one such box a thread. A call then passes nothing through
 * Node-API, allocates nothing and cannot start the garbage collector: what
 * JavaScript holds when it begins is there until it returns.
 */
union slot {
	int32_t i32;
	uint32_t u32;
	uint64_t u64;
};

static union slot *
slots(napi_env env, napi_callback_info info)
{
	void *box = NULL;

	napi_get_cb_info(env, info, NULL, NULL, NULL, &box);
	return box;
}

static void text(union slot *s, const char *told);

#include "calls.h"

/* The text where structs are; its length in slot 0, -1 for NULL. */
static void
text(union slot *s, const char *told)
{
	size_t length = told == NULL ? 0 : strnlen(told, BOX_BYTES - STRUCT * sizeof *s);

	s[0].i32 = told == NULL ? -1 : (int32_t)length;
	if (length > 0)
		memcpy(&s[STRUCT], told, length);
}

static napi_value
failed(napi_env env, const char *message)
{
	napi_throw_error(env, NULL, message);
	return NULL;
}

/* address(buffer): where the bytes of a Buffer begin, in slot 0. */
static napi_value
address(napi_env env, napi_callback_info info)
{
	void *box = NULL, *data = NULL;
	size_t count = 1, bytes = 0;
	napi_value buffer = NULL;

	if (napi_get_cb_info(env, info, &count, &buffer, NULL, &box) != napi_ok ||
	    napi_get_buffer_info(env, buffer, &data, &bytes) != napi_ok)
		return failed(env, "not a buffer");
	((union slot *)box)[0].u64 = (uintptr_t)data;
	return NULL;
}

static void
unmap(napi_env env, void *begin, void *bytes)
{
	(void)env;
	munmap(begin, (size_t)(uintptr_t)bytes);
}

/* A file of at least *bytes, made if need be; of any size, which must be there, where *bytes is 0. */
static void *
map(const char *path, uint64_t *bytes)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | (*bytes == 0 ? 0 : O_CREAT), 0600);
	struct stat is;
	void *begin = MAP_FAILED;
	int error;

	if (fd < 0)
		return MAP_FAILED;
	if (fstat(fd, &is) == 0 && (is.st_size >= (off_t)*bytes || ftruncate(fd, (off_t)*bytes) == 0)) {
		if (*bytes == 0)
			*bytes = (uint64_t)is.st_size;
		begin = mmap(NULL, (size_t)*bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	error = errno;
	close(fd);
	errno = error;
	return begin;
}

/*
 * map_file(path), bytes in slot 1: maps it for as long as what it returns is
 * held; where it begins in slot 0, how much there is in slot 1. Where that
 * fails: undefined, and errno in slot 0.
 */
static napi_value
map_file(napi_env env, napi_callback_info info)
{
	void *box = NULL, *begin;
	union slot *s;
	size_t count = 1, length = 0;
	napi_value arg = NULL, held = NULL;
	char path[PATH_MAX];

	if (napi_get_cb_info(env, info, &count, &arg, NULL, &box) != napi_ok ||
	    napi_get_value_string_utf8(env, arg, path, sizeof path, &length) != napi_ok)
		return failed(env, "not a path");
	s = box;
	begin = map(path, &s[1].u64);
	if (begin == MAP_FAILED) {
		s[0].i32 = errno;
		return NULL;
	}
	s[0].u64 = (uintptr_t)begin;
	if (napi_create_external(env, begin, unmap, (void *)(uintptr_t)s[1].u64, &held) != napi_ok) {
		munmap(begin, (size_t)s[1].u64);
		return failed(env, "no memory");
	}
	return held;
}

static int
add(napi_env env, napi_value to, const char *name, napi_callback call, void *box)
{
	napi_value function = NULL;

	return napi_create_function(env, name, strlen(name), call, box, &function) == napi_ok &&
	       napi_set_named_property(env, to, name, function) == napi_ok;
}

/* bind(box): the functions, for an ArrayBuffer that lives as long as they are used. */
static napi_value
bind(napi_env env, napi_callback_info info)
{
	napi_value buffer = NULL, all = NULL;
	size_t count = 1, bytes = 0;
	void *box = NULL;
	int ok;

	if (napi_get_cb_info(env, info, &count, &buffer, NULL, NULL) != napi_ok ||
	    napi_get_arraybuffer_info(env, buffer, &box, &bytes) != napi_ok || bytes < BOX_BYTES)
		return failed(env, "not a box");
	ok = napi_create_object(env, &all) == napi_ok && add(env, all, "address", address, box) &&
	     add(env, all, "map_file", map_file, box);
	for (size_t i = 0; ok && i < sizeof calls / sizeof *calls; i++)
		ok = add(env, all, calls[i].name, calls[i].call, box);
	return ok ? all : failed(env, "no functions");
}

/* What node looks for, by its name. */
__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env,
									 napi_value exports);

napi_value
napi_register_module_v1(napi_env env, napi_value exports)
{
	return add(env, exports, "bind", bind, NULL) ? exports : NULL;
}
