/* SPDX-License-Identifier: BSD-2-Clause */
#include "scenario.h"
const struct ex_scenario lanes_scenarios[] = {{0}};
const struct ex_scenario breaker_scenarios[] = {{0}};
const struct ex_scenario probe_scenarios[] = {{0}};
const struct ex_scenario guard_scenarios[] = {{0}};
