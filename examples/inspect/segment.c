/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Opening a segment and being safe from it.
 *
 * What is read may be anything, and may change meanwhile. Inside an object that
 * is the library's promise P14: no access leaves the size it was attached with,
 * no loop is endless. What this file adds:
 *
 *  - An object is attached only where it ends within the mapping (find.c).
 *  - Only regular files are opened (a memfd is one), and without waiting.
 *  - A file that is cut while it is mapped, or a tmpfs without room for a page
 *    of a hole, ends a read by SIGBUS. There is no going on from inside the
 *    library, and nothing that has to be saved: the handler puts the terminal
 *    back, says what happened and ends the program, all by async-signal-safe
 *    calls. While an action is under way this is a caller that was killed, which
 *    breakers survive (P11). A SIGBUS from elsewhere is as it always was.
 */

#include "segment.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The one mapping there is at a time; for the handler. */
static struct {
	_Atomic uintptr_t begin, end;
	void (*_Atomic first)(void);
} mapped;

void
segment_when_lost(void (*first)(void))
{
	atomic_store(&mapped.first, first);
}

static void
on_bus(int number, siginfo_t *info, void *context)
{
	static const char said[] = "rheo-inspect: the segment was cut short, or its storage failed, while it was being read\n";
	uintptr_t at = (uintptr_t)info->si_addr;
	void (*first)(void) = atomic_load(&mapped.first);

	(void)context;
	if (at < atomic_load(&mapped.begin) || at >= atomic_load(&mapped.end)) {
		signal(number, SIG_DFL); /* back to the instruction, which then ends it */
		return;
	}
	if (first != NULL)
		first();
	if (write(STDERR_FILENO, said, sizeof said - 1) < 0)
		_exit(EXIT_FAILURE);
	_exit(EXIT_FAILURE);
}

static void
expect_bus(void)
{
	struct sigaction action = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};

	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}

void
segment_show_name(char *out, size_t size, const char *name)
{
	size_t i;

	for (i = 0; i + 1 < size && name[i] != '\0'; i++)
		out[i] = iscntrl((unsigned char)name[i]) ? '?' : name[i];
	out[i] = '\0';
}

/* A path, or else a name of shm_open. */
static int
open_name(const char *name, bool writable)
{
	int flags = (writable ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(name, flags);
	int path_errno = errno;

	if (fd >= 0 || path_errno != ENOENT || strchr(name + (name[0] == '/'), '/') != NULL)
		return fd;
	fd = shm_open(name, writable ? O_RDWR : O_RDONLY, 0);
	if (fd < 0)
		errno = path_errno;
	return fd;
}

/* Closes, and says why with the system's reason or with ours. */
static bool
refuse(struct segment *s, char *why, const char *name, const char *reason)
{
	char shown[WHY_SIZE / 2];

	segment_show_name(shown, sizeof shown, name);
	snprintf(why, WHY_SIZE, "%s: %s", shown, reason);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	return false;
}

bool
segment_open(struct segment *s, const char *name, bool writable, char *why)
{
	struct stat st;
	void *mem;

	*s = (struct segment){.fd = open_name(name, writable)};
	if (s->fd < 0)
		return refuse(s, why, name, strerror(errno));
	if (fstat(s->fd, &st) != 0)
		return refuse(s, why, name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(s, why, name, "not a file, a name of shm_open or a memfd");
	if (st.st_size == 0)
		return refuse(s, why, name, "is empty");
	if ((uintmax_t)st.st_size > SIZE_MAX / 2)
		return refuse(s, why, name, "is too large to map");
	s->size = (uint64_t)st.st_size;
	mem = mmap(NULL, (size_t)s->size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, s->fd, 0);
	if (mem == MAP_FAILED)
		return refuse(s, why, name, strerror(errno));
	s->mem = mem;
	atomic_store(&mapped.begin, (uintptr_t)mem);
	atomic_store(&mapped.end, (uintptr_t)mem + (uintptr_t)s->size);
	expect_bus();
	return true;
}

void
segment_close(struct segment *s)
{
	atomic_store(&mapped.end, 0);
	munmap(s->mem, (size_t)s->size);
	close(s->fd);
	*s = (struct segment){.fd = -1};
}
