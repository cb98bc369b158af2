/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The border between Java and C: native.c, made from the headers, and what is
 * beyond the rule there. With RHEO_JNI_WHOLE the amalgamation is part of this
 * file, so that a crossing is one call; else librheo.so has to be there.
 */

#ifdef RHEO_JNI_WHOLE
#include "rheo.c"
#else
#include <rheo/rheo.h>
#endif

#include <jni.h>

/* A test puts a pause here, to see that memory outlives the calls that use it. */
#ifndef INSIDE
#define INSIDE() ((void)0)
#endif

static jclass exceptions;
static jmethodID raising;

JNIEXPORT jint JNICALL
JNI_OnLoad(JavaVM *vm, void *reserved)
{
	JNIEnv *env;
	jclass found;

	(void)reserved;
	if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_8) != JNI_OK)
		return JNI_ERR;
	found = (*env)->FindClass(env, "rheo/RheoException");
	if (!found)
		return JNI_ERR;
	exceptions = (*env)->NewGlobalRef(env, found);
	raising = (*env)->GetStaticMethodID(env, found, "raise", "(IJ)V");
	return exceptions && raising ? JNI_VERSION_1_8 : JNI_ERR;
}

JNIEXPORT void JNICALL
JNI_OnUnload(JavaVM *vm, void *reserved)
{
	JNIEnv *env;

	(void)reserved;
	if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_8) == JNI_OK)
		(*env)->DeleteGlobalRef(env, exceptions);
}

/* Makes Java throw what stands for a status as soon as the native returns. */
static void
raise(JNIEnv *env, int32_t status, uint64_t retry_after_ns)
{
	if (!(*env)->ExceptionCheck(env))
		(*env)->CallStaticVoidMethod(env, exceptions, raising, (jint)status, (jlong)retry_after_ns);
}

static void *
elements(JNIEnv *env, jbyteArray array)
{
	return array ? (*env)->GetByteArrayElements(env, array, NULL) : NULL;
}

static void
release(JNIEnv *env, jbyteArray array, void *bytes, jint mode)
{
	if (bytes)
		(*env)->ReleaseByteArrayElements(env, array, bytes, mode);
}

#include "native.c"

JNIEXPORT jlong JNICALL
Java_rheo_Library_address(JNIEnv *env, jclass type, jobject buffer)
{
	(void)type;
	return (jlong)(uintptr_t)(*env)->GetDirectBufferAddress(env, buffer);
}

/* A permit, or what says why there is none and when to come again. */
static jlong
breaker_acquire(JNIEnv *env, jlong handle, uint64_t now_ns)
{
	rheo_breaker_t *breaker = (rheo_breaker_t *)(uintptr_t)handle;
	uint64_t permit = RHEO_PERMIT_NONE, retry_after_ns = 0;
	int32_t status;

	INSIDE();
	status = rheo_breaker_try_acquire(breaker, now_ns, &permit);
	if (status != RHEO_OK) {
		if (status > 0)
			rheo_breaker_retry_after_ns(breaker, now_ns, &retry_after_ns);
		raise(env, status, retry_after_ns);
	}
	return (jlong)permit;
}

JNIEXPORT jlong JNICALL
Java_rheo_Library_breakerAcquire(JNIEnv *env, jclass type, jlong breaker, jlong now_ns)
{
	(void)type;
	return breaker_acquire(env, breaker, (uint64_t)now_ns);
}

JNIEXPORT jlong JNICALL
Java_rheo_Library_breakerAcquireNow(JNIEnv *env, jclass type, jlong breaker)
{
	(void)type;
	return breaker_acquire(env, breaker, rheo_now_ns());
}

/*
 * As breaker_acquire. What a cancel has to give back is the cost, and known to
 * the caller, except in a dry run: only there Java passes `taken`.
 */
static jlong
guard_acquire(JNIEnv *env, jlong guard, jlong cost, uint64_t now_ns, jlongArray taken)
{
	rheo_verdict_t verdict = {0};
	int32_t status;

	INSIDE();
	status = rheo_guard_try_acquire((rheo_guard_t *)(uintptr_t)guard, (uint64_t)cost, now_ns, &verdict);
	if (status != RHEO_OK)
		raise(env, status, verdict.retry_after_ns);
	else if (taken)
		(*env)->SetLongArrayRegion(env, taken, 0, 1, (const jlong *)&verdict.cost);
	return (jlong)verdict.permit;
}

JNIEXPORT jlong JNICALL
Java_rheo_Library_guardAcquire(JNIEnv *env, jclass type, jlong guard, jlong cost, jlong now_ns, jlongArray taken)
{
	(void)type;
	return guard_acquire(env, guard, cost, (uint64_t)now_ns, taken);
}

JNIEXPORT jlong JNICALL
Java_rheo_Library_guardAcquireNow(JNIEnv *env, jclass type, jlong guard, jlong cost, jlongArray taken)
{
	(void)type;
	return guard_acquire(env, guard, cost, rheo_now_ns(), taken);
}

/* The wait, or where that is refused its complement: below 0, the least of all where it never passes. */
static jlong
bucket_reserve(JNIEnv *env, jlong bucket, jlong n, uint64_t now_ns, jlong max_wait_ns)
{
	uint64_t wait_ns = 0;
	int32_t status;

	INSIDE();
	status = rheo_bucket_reserve((rheo_bucket_t *)(uintptr_t)bucket, (uint64_t)n, now_ns, (uint64_t)max_wait_ns,
				     &wait_ns);
	if (status == RHEO_REJ_NEVER)
		return INT64_MIN;
	if (wait_ns >= INT64_MAX)
		wait_ns = INT64_MAX - 1;
	if (status < 0)
		raise(env, status, 0);
	return status == RHEO_OK ? (jlong)wait_ns : ~(jlong)wait_ns;
}

JNIEXPORT jlong JNICALL
Java_rheo_Library_bucketReserve(JNIEnv *env, jclass type, jlong bucket, jlong n, jlong now_ns, jlong max_wait_ns)
{
	(void)type;
	return bucket_reserve(env, bucket, n, (uint64_t)now_ns, max_wait_ns);
}

JNIEXPORT jlong JNICALL
Java_rheo_Library_bucketReserveNow(JNIEnv *env, jclass type, jlong bucket, jlong n, jlong max_wait_ns)
{
	(void)type;
	return bucket_reserve(env, bucket, n, rheo_now_ns(), max_wait_ns);
}
