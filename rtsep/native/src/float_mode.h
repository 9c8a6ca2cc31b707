/* How a thread computes with denormals, which a sound that fades away would reach, and which take a hundred times as
 * long: zero inside our calls; what the caller had is put back. */
#ifndef RTSEP_FLOAT_MODE_H
#define RTSEP_FLOAT_MODE_H

#include <stdint.h>

#if defined(__SSE__)
#include <xmmintrin.h>

static inline uint64_t denormals_off(void) {
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040); /* flush to zero, denormals are zero */
    return mode;
}
static inline void restore_mode(uint64_t mode) {
    _mm_setcsr((unsigned)mode);
}

#elif defined(__aarch64__)

static inline void restore_mode(uint64_t mode) {
    __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory");
}
static inline uint64_t denormals_off(void) {
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    restore_mode(mode | (1u << 24)); /* flush to zero */
    return mode;
}

#else /* processors without such a mode, or whose vectors always have it */

static inline uint64_t denormals_off(void) {
    return 0;
}
static inline void restore_mode(uint64_t mode) {
    (void)mode;
}

#endif
#endif
