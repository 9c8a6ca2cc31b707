/* What a processor can do at most with numbers of 8 bit: independent sums in registers, nothing read or written.
 *
 * Compiled with the flags of one variant of the native code, whose instruction it uses.
 */
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { SUMS = 12 }; /* enough to hide how long each takes */

#if defined(__AVX512VNNI__)
typedef __m512i Sum;
enum { PRODUCTS = 64 }; /* of an addition */
#define NOTHING _mm512_setzero_si512()
#define ADD(sum, a, b) _mm512_dpbusd_epi32(sum, a, b)
#elif defined(__AVXVNNI__)
typedef __m256i Sum;
enum { PRODUCTS = 32 };
#define NOTHING _mm256_setzero_si256()
#define ADD(sum, a, b) _mm256_dpbusd_avx_epi32(sum, a, b)
#elif defined(__AVX2__)
typedef __m256i Sum;
enum { PRODUCTS = 16 }; /* bytes are widened first */
#define NOTHING _mm256_setzero_si256()
#define ADD(sum, a, b) _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))
#elif defined(__ARM_FEATURE_DOTPROD)
typedef int8x16_t Sum;
enum { PRODUCTS = 16 };
#define NOTHING vdupq_n_s8(0)
#define ADD(sum, a, b) vreinterpretq_s8_s32(vdotq_s32(vreinterpretq_s32_s8(sum), a, b))
#else
typedef int32_t Sum;
enum { PRODUCTS = 1 };
#define NOTHING 0
#define ADD(sum, a, b) ((sum) + (a) * (b))
#endif

/* Multiply and add so many times; return the number of products. Compilers must not see that nothing is read of
 * them. */
int64_t peak(int64_t turns) {
    Sum sums[SUMS], a = NOTHING, b = NOTHING;
    for (int i = 0; i < SUMS; i++) sums[i] = NOTHING;
    for (int64_t turn = 0; turn < turns; turn++) {
#if defined(__GNUC__)
#pragma GCC unroll 12 /* so that they stay in registers */
#endif
        for (int i = 0; i < SUMS; i++) {
            sums[i] = ADD(sums[i], a, b);
#if defined(__x86_64__)
            __asm__ volatile("" : "+v"(sums[i]));
#elif defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)
            __asm__ volatile("" : "+w"(sums[i]));
#else
            __asm__ volatile("" : "+r"(sums[i]));
#endif
        }
    }
    return turns * SUMS * PRODUCTS;
}
