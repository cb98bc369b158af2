# SPDX-License-Identifier: BSD-2-Clause
from ._calls import BreakerCalls as BreakerCalls
from ._calls import BucketCalls as BucketCalls
from ._calls import GuardCalls as GuardCalls
from ._calls import Verdict as Verdict

def version() -> int: ...
