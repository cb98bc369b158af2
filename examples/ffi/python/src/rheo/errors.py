# SPDX-License-Identifier: BSD-2-Clause
"""A policy's no, and the caller's mistakes, as exceptions."""

from __future__ import annotations

from typing import Any, NoReturn

from ._generated import FOREVER, STATUS_TEXT, Status


class Error(Exception):
    """Anything but done; `status` is what C returned."""

    status: Status

    def __init__(self, status: int, detail: str = "") -> None:
        super().__init__(status, detail)
        self.status = Status(status)
        self.detail = detail

    def __str__(self) -> str:
        text = STATUS_TEXT[self.status]
        return f"{text}: {self.detail}" if self.detail else text


class Refused(Error):
    """A policy said no; a call made `retry_after_ns` later may pass."""

    def __init__(self, status: int, retry_after_ns: int = FOREVER) -> None:
        super().__init__(status)
        self.retry_after_ns = retry_after_ns

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.retry_after_ns == FOREVER else f"{text}; retry after {self.retry_after_ns / 1e9:.3f} s"


class RateLimited(Refused):
    """Not enough tokens now."""


class NeverPasses(Refused):
    """The cost is above what the bucket can ever hold."""


class BreakerOpen(Refused):
    """The breaker is open, or half-open and has handed out its permits: see `status`."""


class InvalidArgument(Error, ValueError):
    """An argument or a setting is out of range; `field` is the setting's name in C, where C says which."""

    def __init__(self, status: int = Status.ERR_INVAL, detail: str = "", field: str | None = None) -> None:
        super().__init__(status, detail or field or "")
        self.field = field


class NoSpace(Error, ValueError):
    """The memory given is too small."""


class VersionMismatch(Error):
    """Memory or a library of a version that this one does not know."""


class Corrupt(Error):
    """The memory does not hold what it should."""


REFUSALS: dict[int, type[Refused]] = {
    Status.REJ_RATE: RateLimited,
    Status.REJ_OPEN: BreakerOpen,
    Status.REJ_PROBE: BreakerOpen,
    Status.REJ_NEVER: NeverPasses,
}
MISTAKES: dict[int, type[Error]] = {
    Status.ERR_INVAL: InvalidArgument,
    Status.ERR_NOSPC: NoSpace,
    Status.ERR_VERSION: VersionMismatch,
    Status.ERR_CORRUPT: Corrupt,
}


def refusal(status: int, retry_after_ns: int) -> Refused:
    return REFUSALS[status](status, retry_after_ns)


def mistake(status: int, detail: str = "") -> Error:
    return MISTAKES[status](status, detail)


def fail(part: Any, status: int) -> NoReturn:
    """Raises what a status below 0 of a call on `part` stands for."""
    if status == Status.ERR_INVAL and not part._handle:
        raise InvalidArgument(status, f"{type(part).__name__} is closed")
    raise mistake(status)
