/* Products by weights of 8 bit, with a tile of outputs for each instruction set.
 *
 * Weights are packed as rtsep/native/packing.py has them, in the order in which they are read. A weight is
 * (byte - ZERO) * scale, where ZERO is the zero point; bytes are signed if it is 0.
 */
#include "variant.h"

#include <float.h>
#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__GNUC__)
#define ALWAYS_INLINE __attribute__((always_inline))
#else
#define ALWAYS_INLINE
#endif

enum { TILE = 16, BLOCK = 64, FOURS = BLOCK / 4 };

#if defined(__AVX512VNNI__)

typedef int8_t Quantised;
typedef struct { __m512i sums; } Tile;

static inline Tile tile_begin(int32_t sum) {
    return (Tile){_mm512_set1_epi32(-ZERO * sum)};
}
static inline void tile_add(Tile *tile, const uint8_t *weights, const Quantised *inputs) {
    int32_t four;
    memcpy(&four, inputs, sizeof four);
    tile->sums = _mm512_dpbusd_epi32(tile->sums, _mm512_loadu_si512(weights), _mm512_set1_epi32(four));
}
static inline void tile_end(const Tile *tile, float scale, const float *scales, float *out) {
    __m512 factor = _mm512_mul_ps(_mm512_set1_ps(scale), _mm512_loadu_ps(scales));
    _mm512_storeu_ps(out, _mm512_fmadd_ps(_mm512_cvtepi32_ps(tile->sums), factor, _mm512_loadu_ps(out)));
}

#elif defined(__AVXVNNI__)

typedef int8_t Quantised;
typedef struct { __m256i sums[2]; } Tile; /* of eight outputs each */

static inline Tile tile_begin(int32_t sum) {
    const __m256i all = _mm256_set1_epi32(-ZERO * sum);
    return (Tile){{all, all}};
}
static inline void tile_add(Tile *tile, const uint8_t *weights, const Quantised *inputs) {
    int32_t four;
    memcpy(&four, inputs, sizeof four);
    const __m256i shared = _mm256_set1_epi32(four);
    for (int half = 0; half < 2; half++)
        tile->sums[half] = _mm256_dpbusd_avx_epi32(
            tile->sums[half], _mm256_loadu_si256((const __m256i *)(weights + 32 * half)), shared);
}
static inline void tile_end(const Tile *tile, float scale, const float *scales, float *out) {
    for (int half = 0; half < 2; half++) {
        __m256 factor = _mm256_mul_ps(_mm256_set1_ps(scale), _mm256_loadu_ps(scales + 8 * half));
        __m256 sums = _mm256_cvtepi32_ps(tile->sums[half]);
        _mm256_storeu_ps(out + 8 * half, _mm256_fmadd_ps(sums, factor, _mm256_loadu_ps(out + 8 * half)));
    }
}

#elif defined(__AVX2__)

typedef int16_t Quantised;
typedef struct { __m256i sums[4]; } Tile; /* of inputs 0 and 1, 2 and 3, for four outputs each */

static inline Tile tile_begin(int32_t sum) {
    __m256i half = _mm256_setr_epi32(-ZERO * sum, 0, -ZERO * sum, 0, -ZERO * sum, 0, -ZERO * sum, 0);
    return (Tile){{half, half, half, half}};
}
static inline void tile_add(Tile *tile, const uint8_t *weights, const Quantised *inputs) {
    int64_t four;
    memcpy(&four, inputs, sizeof four);
    __m256i shared = _mm256_set1_epi64x(four);
    for (int part = 0; part < 4; part++) {
        __m256i wide = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(weights + 16 * part)));
        tile->sums[part] = _mm256_add_epi32(tile->sums[part], _mm256_madd_epi16(wide, shared));
    }
}
static inline void tile_end(const Tile *tile, float scale, const float *scales, float *out) {
    for (int half = 0; half < 2; half++) {
        __m256i pairs = _mm256_hadd_epi32(tile->sums[2 * half], tile->sums[2 * half + 1]);
        __m256 sums = _mm256_cvtepi32_ps(_mm256_permute4x64_epi64(pairs, 0xd8)); /* 0, 2, 1, 3 */
        __m256 factor = _mm256_mul_ps(_mm256_set1_ps(scale), _mm256_loadu_ps(scales + 8 * half));
        _mm256_storeu_ps(out + 8 * half, _mm256_fmadd_ps(sums, factor, _mm256_loadu_ps(out + 8 * half)));
    }
}

#elif defined(__aarch64__) && !defined(RTSEP_PLAIN)

typedef int8_t Quantised;
typedef struct { int32x4_t sums[4]; } Tile;

#if defined(__ARM_FEATURE_DOTPROD)
static inline int32x4_t add_four(int32x4_t sums, int8x16_t bytes, int8x16_t shared) {
    return vdotq_s32(sums, bytes, shared);
}
#else /* two products of a pair, at most 128 x 127 each, fit into 16 bit */
static inline int32x4_t add_four(int32x4_t sums, int8x16_t bytes, int8x16_t shared) {
    const int16x8_t low = vmull_s8(vget_low_s8(bytes), vget_low_s8(shared));
    return vpadalq_s16(sums, vpaddq_s16(low, vmull_high_s8(bytes, shared)));
}
#endif

static inline Tile tile_begin(int32_t sum) {
    (void)sum; /* of use where 0 is another byte */
    int32x4_t zero = vdupq_n_s32(0);
    return (Tile){{zero, zero, zero, zero}};
}
static inline void tile_add(Tile *tile, const uint8_t *weights, const Quantised *inputs) {
    int32_t four;
    memcpy(&four, inputs, sizeof four);
    int8x16_t shared = vreinterpretq_s8_s32(vdupq_n_s32(four));
    for (int part = 0; part < 4; part++) {
        int8x16_t bytes = vreinterpretq_s8_u8(vld1q_u8(weights + 16 * part));
        tile->sums[part] = add_four(tile->sums[part], bytes, shared);
    }
}
static inline void tile_end(const Tile *tile, float scale, const float *scales, float *out) {
    for (int part = 0; part < 4; part++) {
        float32x4_t factor = vmulq_n_f32(vld1q_f32(scales + 4 * part), scale);
        float32x4_t sums = vcvtq_f32_s32(tile->sums[part]);
        vst1q_f32(out + 4 * part, vfmaq_f32(vld1q_f32(out + 4 * part), sums, factor));
    }
}

#else /* any processor; compilers make vectors of these loops where there are some */

typedef int16_t Quantised;
typedef struct { int32_t sums[TILE]; } Tile;

static inline Tile tile_begin(int32_t sum) {
    (void)sum; /* of use where 0 is another byte */
    return (Tile){{0}};
}
static inline void tile_add(Tile *tile, const uint8_t *weights, const Quantised *inputs) {
    for (int output = 0; output < TILE; output++) {
        const int8_t *four = (const int8_t *)weights + 4 * output;
        tile->sums[output] += four[0] * inputs[0] + four[1] * inputs[1] + four[2] * inputs[2] + four[3] * inputs[3];
    }
}
static inline void tile_end(const Tile *tile, float scale, const float *scales, float *out) {
    for (int output = 0; output < TILE; output++) out[output] += (float)tile->sums[output] * (scale * scales[output]);
}

#endif

/* Bring a block of inputs to 8 bit; return its scale, and the sum of what it became. Where an input is no number, or
 * infinite, neither is the scale. */
static float quantise(const float *inputs, int count, Quantised *quantised, int32_t *sum) {
    int32_t bits = 0; /* of the largest: absolute values are in the order of their bits */
    for (int i = 0; i < count; i++) {
        int32_t next;
        memcpy(&next, &inputs[i], sizeof next);
        next &= INT32_MAX;
        bits = next > bits ? next : bits;
    }
    float most;
    memcpy(&most, &bits, sizeof most);
    int32_t total = 0;
    if (!(most <= FLT_MAX)) {
        memset(quantised, 0, BLOCK * sizeof *quantised);
        *sum = 0;
        return NAN;
    }
    const float inverse = most > 0.0f ? 127.0f / most : 0.0f;
    for (int i = 0; i < count; i++) {
        int32_t value = (int32_t)rintf(inputs[i] * inverse);
        quantised[i] = (Quantised)value;
        total += value;
    }
    for (int i = count; i < BLOCK; i++) quantised[i] = 0;
    *sum = total;
    return most / 127.0f;
}

/* Some tiles at once, whose weights take turns; return where those of the next ones begin. */
static inline ALWAYS_INLINE const uint8_t *tiles(int count, const uint8_t *weights, int blocks,
        const Quantised *inputs, const float *scales, const int32_t *sums, float *out) {
    for (int block = 0; block < blocks; block++) {
        Tile tile[TOGETHER];
        for (int t = 0; t < count; t++) tile[t] = tile_begin(sums[block]);
        for (int four = 0; four < FOURS; four++)
            for (int t = 0; t < count; t++, weights += 4 * TILE)
                tile_add(&tile[t], weights, inputs + block * BLOCK + 4 * four);
        for (int t = 0; t < count; t++, weights += TILE * sizeof(float))
            tile_end(&tile[t], scales[block], (const float *)weights, out + t * TILE);
    }
    return weights;
}

void product_of_blocks(const rtsep_Node *node) {
    const int count = (node->inputs + BLOCK - 1) / BLOCK;
    Quantised inputs[MOST_INPUTS];
    float scales[MOST_INPUTS / BLOCK];
    int32_t sums[MOST_INPUTS / BLOCK];
    for (int block = 0; block < count; block++) {
        int left = node->inputs - block * BLOCK;
        scales[block] = quantise(node->a + block * BLOCK, left < BLOCK ? left : BLOCK, inputs + block * BLOCK,
                                 &sums[block]);
    }
    memcpy(node->out, node->b, node->columns * sizeof(float)); /* the bias */
    const uint8_t *weights = node->weights;
    int column = 0;
    for (; column + TOGETHER * TILE <= node->columns; column += TOGETHER * TILE)
        weights = tiles(TOGETHER, weights, count, inputs, scales, sums, node->out + column);
    for (; column < node->columns; column += TILE)
        weights = tiles(1, weights, count, inputs, scales, sums, node->out + column);
}
