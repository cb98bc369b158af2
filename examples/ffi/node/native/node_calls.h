/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RHEO_NODE_CALLS_H
#define RHEO_NODE_CALLS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The calls of Node-API that the addon makes, all of its first version. They
 * are declared here because node_api.h is not always where node is: Debian has
 * it in another package, others fetch it. Node-API's ABI is stable, so these do
 * for every node; a test compiles them behind the real header.
 */

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env env, napi_callback_info info);
typedef void (*napi_finalize)(napi_env env, void *data, void *hint);
#ifndef SRC_NODE_API_H_ /* the real one's guard */
typedef enum { napi_ok } napi_status;
#endif

napi_status napi_get_cb_info(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv,
			     napi_value *this_arg, void **data);
napi_status napi_create_function(napi_env env, const char *name, size_t length, napi_callback call,
				 void *data, napi_value *result);
napi_status napi_create_object(napi_env env, napi_value *result);
napi_status napi_set_named_property(napi_env env, napi_value object, const char *name,
				    napi_value value);
napi_status napi_get_arraybuffer_info(napi_env env, napi_value buffer, void **data, size_t *bytes);
napi_status napi_get_buffer_info(napi_env env, napi_value buffer, void **data, size_t *bytes);
napi_status napi_get_value_string_utf8(napi_env env, napi_value value, char *text, size_t size,
				       size_t *length);
napi_status napi_create_external(napi_env env, void *data, napi_finalize finalize, void *hint,
				 napi_value *result);
napi_status napi_throw_error(napi_env env, const char *code, const char *message);

#endif
