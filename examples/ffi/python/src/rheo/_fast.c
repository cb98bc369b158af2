/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The calls of a request's path as methods in C, the same as in _calls.py: base
 * classes of Bucket, Breaker and Guard that hold a handle, and the verdict. One
 * crossing reads the clock and decides; the interpreter's lock stays held, for
 * the calls never wait.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#ifdef RHEO_LINKED
#include <rheo/rheo.h>
#else
#include "rheo.h"
#endif

typedef struct {
	PyObject_HEAD
	unsigned long long handle; /* 0: closed */
} part_t;

typedef struct {
	PyObject_HEAD
	rheo_verdict_t is;
} verdict_t;

static PyTypeObject *verdict_type;
static PyObject *fail_function; /* rheo.errors.fail(part, status): raises */

#define HANDLE(self, type) ((type *)(uintptr_t)((part_t *)(self))->handle)

static PyObject *
fail(PyObject *self, int32_t status)
{
	PyObject *nothing = PyObject_CallFunction(fail_function, "Oi", self, (int)status);

	Py_XDECREF(nothing);
	if (nothing != NULL)
		PyErr_SetString(PyExc_SystemError, "fail returned");
	return NULL;
}

/* True where the call was done, false where a policy said no or a permit was stale. */
static PyObject *
yes_or_no(PyObject *self, int32_t status)
{
	return status < 0 ? fail(self, status) : PyBool_FromLong(status == RHEO_OK);
}

/* Sorts the arguments of a call into out[], by the names it knows; false with an exception set. */
static int
sort(PyObject *const *args, Py_ssize_t given, PyObject *keywords, const char *const *names, int required,
     PyObject **out)
{
	Py_ssize_t named = keywords == NULL ? 0 : PyTuple_Size(keywords);
	int known = 0;

	while (names[known] != NULL)
		out[known++] = NULL;
	if (given > known) {
		PyErr_Format(PyExc_TypeError, "at most %d arguments, %zd given", known, given);
		return 0;
	}
	for (Py_ssize_t i = 0; i < given; i++)
		out[i] = args[i];
	for (Py_ssize_t i = 0; i < named; i++) {
		PyObject *name = PyTuple_GetItem(keywords, i);
		int at = 0;

		while (at < known && PyUnicode_CompareWithASCIIString(name, names[at]) != 0)
			at++;
		if (at == known || out[at] != NULL) {
			PyErr_Format(PyExc_TypeError, at == known ? "unknown argument %R" : "%R given twice", name);
			return 0;
		}
		out[at] = args[given + i];
	}
	for (int i = 0; i < required; i++)
		if (out[i] == NULL) {
			PyErr_Format(PyExc_TypeError, "missing argument '%s'", names[i]);
			return 0;
		}
	return 1;
}

/* An unsigned number of at most `most`, or what stands for none given; false with an exception set. */
static int
number(PyObject *given, uint64_t otherwise, uint64_t most, uint64_t *out)
{
	*out = otherwise;
	if (given == NULL)
		return 1;
	if (PyBool_Check(given)) {
		/* As an outcome True would be a failure. */
		PyErr_SetString(PyExc_TypeError, "a number is wanted, not True or False; outcomes are rheo.SUCCESS, FAILURE, IGNORED");
		return 0;
	}
	if (PyLong_Check(given)) {
		*out = PyLong_AsUnsignedLongLong(given);
	} else {
		PyObject *index = PyNumber_Index(given);

		if (index == NULL)
			return 0;
		*out = PyLong_AsUnsignedLongLong(index);
		Py_DECREF(index);
	}
	if (*out == UINT64_MAX && PyErr_Occurred())
		return 0;
	if (*out > most) {
		PyErr_SetString(PyExc_OverflowError, "a number does not fit into 32 bits");
		return 0;
	}
	return 1;
}

static int
moment(PyObject *given, uint64_t *now_ns)
{
	if (given != NULL && given != Py_None)
		return number(given, 0, UINT64_MAX, now_ns);
	*now_ns = rheo_now_ns();
	return 1;
}

#define METHOD(name) static PyObject *name(PyObject *self, PyObject *const *args, Py_ssize_t given, PyObject *keywords)
#define ENTRY(name, function, text) \
	{ name, (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS, PyDoc_STR(name text) }

METHOD(bucket_try_acquire)
{
	static const char *const names[] = {"cost", "now_ns", NULL};
	PyObject *arg[2];
	uint64_t cost, now_ns;

	if (!sort(args, given, keywords, names, 0, arg) || !number(arg[0], 1, UINT64_MAX, &cost) ||
	    !moment(arg[1], &now_ns))
		return NULL;
	return yes_or_no(self, rheo_bucket_try_acquire_at(HANDLE(self, rheo_bucket_t), cost, now_ns));
}

METHOD(bucket_try_acquire_published)
{
	static const char *const names[] = {"cost", NULL};
	PyObject *arg[1];
	uint64_t cost;

	if (!sort(args, given, keywords, names, 0, arg) || !number(arg[0], 1, UINT64_MAX, &cost))
		return NULL;
	return yes_or_no(self, rheo_bucket_try_acquire(HANDLE(self, rheo_bucket_t), cost));
}

/* Into *permit; false with an exception set. */
static int
ask_breaker(PyObject *self, PyObject *const *args, Py_ssize_t given, PyObject *keywords, int32_t *status,
	    uint64_t *permit)
{
	static const char *const names[] = {"now_ns", NULL};
	PyObject *arg[1];
	uint64_t now_ns;

	if (!sort(args, given, keywords, names, 0, arg) || !moment(arg[0], &now_ns))
		return 0;
	*status = rheo_breaker_try_acquire(HANDLE(self, rheo_breaker_t), now_ns, permit);
	return *status >= 0 || fail(self, *status) != NULL;
}

METHOD(breaker_ask)
{
	uint64_t permit;
	int32_t status;

	if (!ask_breaker(self, args, given, keywords, &status, &permit))
		return NULL;
	return status == RHEO_OK ? PyLong_FromUnsignedLongLong(permit) : PyLong_FromLong(-status);
}

METHOD(breaker_try_acquire)
{
	uint64_t permit;
	int32_t status;

	if (!ask_breaker(self, args, given, keywords, &status, &permit))
		return NULL;
	if (status != RHEO_OK)
		Py_RETURN_NONE;
	return PyLong_FromUnsignedLongLong(permit);
}

static int
sort_report(PyObject *const *args, Py_ssize_t given, PyObject *keywords, uint64_t *permit, uint64_t *outcome,
	    uint64_t *now_ns)
{
	static const char *const names[] = {"permit", "outcome", "now_ns", NULL};
	PyObject *arg[3];

	return sort(args, given, keywords, names, 1, arg) && number(arg[0], 0, UINT64_MAX, permit) &&
	       number(arg[1], RHEO_SUCCESS, UINT32_MAX, outcome) && moment(arg[2], now_ns);
}

METHOD(breaker_record)
{
	uint64_t permit, outcome, now_ns;

	if (!sort_report(args, given, keywords, &permit, &outcome, &now_ns))
		return NULL;
	return yes_or_no(self,
			 rheo_breaker_record(HANDLE(self, rheo_breaker_t), permit, (uint32_t)outcome, now_ns));
}

METHOD(breaker_cancel)
{
	static const char *const names[] = {"permit", "now_ns", NULL};
	PyObject *arg[2];
	uint64_t permit, now_ns;

	if (!sort(args, given, keywords, names, 1, arg) || !number(arg[0], 0, UINT64_MAX, &permit) ||
	    !moment(arg[1], &now_ns))
		return NULL;
	return yes_or_no(self, rheo_breaker_cancel(HANDLE(self, rheo_breaker_t), permit, now_ns));
}

METHOD(guard_try_acquire)
{
	static const char *const names[] = {"cost", "now_ns", NULL};
	PyObject *arg[2];
	uint64_t cost, now_ns;
	verdict_t *verdict;
	int32_t status;

	if (!sort(args, given, keywords, names, 0, arg) || !number(arg[0], 1, UINT64_MAX, &cost) ||
	    !moment(arg[1], &now_ns))
		return NULL;
	verdict = PyObject_New(verdict_t, verdict_type);
	if (verdict == NULL)
		return NULL;
	status = rheo_guard_try_acquire(HANDLE(self, rheo_guard_t), cost, now_ns, &verdict->is);
	if (status < 0) {
		Py_DECREF(verdict);
		return fail(self, status);
	}
	return (PyObject *)verdict;
}

METHOD(guard_record)
{
	uint64_t permit, outcome, now_ns;

	if (!sort_report(args, given, keywords, &permit, &outcome, &now_ns))
		return NULL;
	return yes_or_no(self, rheo_guard_record(HANDLE(self, rheo_guard_t), permit, (uint32_t)outcome, now_ns));
}

METHOD(guard_cancel)
{
	static const char *const names[] = {"verdict", "now_ns", NULL};
	PyObject *arg[2];
	uint64_t now_ns;

	if (!sort(args, given, keywords, names, 1, arg) || !moment(arg[1], &now_ns))
		return NULL;
	if (!PyObject_TypeCheck(arg[0], verdict_type)) {
		PyErr_SetString(PyExc_TypeError, "cancel takes the verdict of try_acquire");
		return NULL;
	}
	return yes_or_no(self, rheo_guard_cancel(HANDLE(self, rheo_guard_t), ((verdict_t *)arg[0])->is.permit,
						 ((verdict_t *)arg[0])->is.cost, now_ns));
}

static PyObject *
verdict_repr(PyObject *self)
{
	const rheo_verdict_t *is = &((verdict_t *)self)->is;

	return PyUnicode_FromFormat("Verdict(status=%d, refused_by=%u, retry_after_ns=%llu)", (int)is->status,
				    (unsigned)is->refused_by, (unsigned long long)is->retry_after_ns);
}

static int
verdict_bool(PyObject *self)
{
	return ((verdict_t *)self)->is.status == RHEO_OK;
}

static void
verdict_free(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);

	PyObject_Free(self);
	Py_DECREF(type);
}

#define FIELD(name, type) {#name, type, offsetof(verdict_t, is.name), READONLY, NULL}
static PyMemberDef verdict_members[] = {
	FIELD(status, T_INT), FIELD(shadow_status, T_INT), FIELD(refused_by, T_UINT), FIELD(bucket, T_UINT),
	FIELD(permit, T_ULONGLONG), FIELD(cost, T_ULONGLONG), FIELD(retry_after_ns, T_ULONGLONG),
	FIELD(limit, T_ULONGLONG), FIELD(window_ns, T_ULONGLONG), FIELD(remaining, T_ULONGLONG),
	FIELD(more_ns, T_ULONGLONG), FIELD(reset_ns, T_ULONGLONG), FIELD(decided_ns, T_ULONGLONG), {0}};

static PyMemberDef part_members[] = {{"_handle", T_ULONGLONG, offsetof(part_t, handle), 0, NULL}, {0}};

#define ACQUIRE_TEXT "($self, /, cost=1, now_ns=None)\n--\n\n"
#define RECORD_TEXT \
	"($self, /, permit, outcome=0, now_ns=None)\n--\n\n" \
	"Report how the call ended (an Outcome); False where the permit is stale, which has no effect."
static PyMethodDef bucket_methods[] = {
	ENTRY("try_acquire", bucket_try_acquire, ACQUIRE_TEXT "Take `cost` tokens if they are there."),
	ENTRY("try_acquire_published", bucket_try_acquire_published,
	      "($self, /, cost=1)\n--\n\n"
	      "The same by the credit that refill, or another call, last published; reads no clock."),
	{0}};
static PyMethodDef breaker_methods[] = {
	ENTRY("_ask", breaker_ask, "($self, /, now_ns=None)\n--\n\nA permit, or a refusal's status below 0."),
	ENTRY("try_acquire", breaker_try_acquire,
	      "($self, /, now_ns=None)\n--\n\nA permit to make a call with and to report it by, or None."),
	ENTRY("record", breaker_record, RECORD_TEXT),
	ENTRY("cancel", breaker_cancel,
	      "($self, /, permit, now_ns=None)\n--\n\n"
	      "Give back a permit whose call was never made; False where it is stale."),
	{0}};
static PyMethodDef guard_methods[] = {
	ENTRY("try_acquire", guard_try_acquire,
	      ACQUIRE_TEXT "Ask every part; the verdict is true where the call may be made."),
	ENTRY("record", guard_record, RECORD_TEXT),
	ENTRY("cancel", guard_cancel,
	      "($self, /, verdict, now_ns=None)\n--\n\n"
	      "Undo an admission whose call was never made; False where its permit is stale (the tokens go back)."),
	{0}};

#define PART(kind) \
	static PyType_Slot kind##_slots[] = { \
		{Py_tp_methods, kind##_methods}, {Py_tp_members, part_members}, {0, NULL}}
PART(bucket);
PART(breaker);
PART(guard);
static PyType_Slot verdict_slots[] = {
	{Py_tp_doc, (void *)"What a guard decided; true where the call may be made."},
	{Py_tp_members, verdict_members}, {Py_tp_repr, verdict_repr}, {Py_nb_bool, verdict_bool},
	{Py_tp_dealloc, verdict_free}, {0, NULL}};

#define BASE (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE)
static PyType_Spec specs[] = {
	{"rheo._fast.BucketCalls", sizeof(part_t), 0, BASE, bucket_slots},
	{"rheo._fast.BreakerCalls", sizeof(part_t), 0, BASE, breaker_slots},
	{"rheo._fast.GuardCalls", sizeof(part_t), 0, BASE, guard_slots},
	{"rheo._fast.Verdict", sizeof(verdict_t), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
	 verdict_slots},
};

static PyObject *
version(PyObject *module, PyObject *nothing)
{
	(void)module;
	(void)nothing;
	return PyLong_FromUnsignedLong(rheo_version());
}

static PyMethodDef functions[] = {
	{"version", version, METH_NOARGS, PyDoc_STR("version($module, /)\n--\n\nrheo_version of the library in use here.")},
	{0}};
static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT, .m_name = "rheo._fast", .m_size = -1, .m_methods = functions};

PyMODINIT_FUNC
PyInit__fast(void)
{
	PyObject *module = PyModule_Create(&definition);
	PyObject *errors = PyImport_ImportModule("rheo.errors");

	if (module == NULL || errors == NULL)
		goto failed;
	fail_function = PyObject_GetAttrString(errors, "fail");
	if (fail_function == NULL)
		goto failed;
	for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
		PyObject *type = PyType_FromSpec(&specs[i]);

		verdict_type = (PyTypeObject *)type;
		if (type == NULL || PyModule_AddObjectRef(module, strrchr(specs[i].name, '.') + 1, type) != 0)
			goto failed;
	}
	Py_DECREF(errors);
	return module;
failed:
	Py_XDECREF(errors);
	Py_XDECREF(module);
	return NULL;
}
