# SPDX-License-Identifier: BSD-2-Clause
"""A limit and a breaker in front of a function: three at once, then no more until the next half second."""

import rheo

guard = rheo.Guard(rheo.Breaker(), rheo.Bucket(rate=2, burst=3))


@guard.limited(cost=1)
def fetch(page: int) -> str:
    return f"page {page}"


for page in range(5):
    try:
        print(fetch(page))
    except rheo.Refused as refused:
        print(refused)
