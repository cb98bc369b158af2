// SPDX-License-Identifier: BSD-2-Clause
/** Rate limits and circuit breakers, decided in C. */
module rheo {
  exports rheo;
}
