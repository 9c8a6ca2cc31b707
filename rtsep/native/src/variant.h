/* What the files of a variant share. Each is compiled once for each variant, whose name is in all of its symbols. */
#ifndef RTSEP_VARIANT_H
#define RTSEP_VARIANT_H

#include "program.h"

#define JOIN_NAMES(name, variant) name##_##variant
#define JOIN(name, variant) JOIN_NAMES(name, variant)
#define IN_VARIANT(name) JOIN(name, RTSEP_VARIANT)
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

#define run_nodes IN_VARIANT(run_nodes)
#define run_hops IN_VARIANT(run_hops)
#define product_of_blocks IN_VARIANT(product_of_blocks)
#define transform_forward IN_VARIANT(transform_forward)
#define transform_inverse IN_VARIANT(transform_inverse)
#define variant_table IN_VARIANT(variant)

typedef struct { float *real, *imaginary; } Points;

/* How the packed weights of BLOCKS lie: tiles that take turns, and the byte of a weight of 0. */
#if defined(__AVX512VNNI__)
enum { TOGETHER = 8, ZERO = 128 };
#elif defined(__AVXVNNI__)
enum { TOGETHER = 4, ZERO = 128 };
#elif defined(__AVX2__)
enum { TOGETHER = 2, ZERO = 128 };
#elif defined(__ARM_FEATURE_DOTPROD)
enum { TOGETHER = 3, ZERO = 0 };
#elif defined(__aarch64__) && !defined(RTSEP_PLAIN)
enum { TOGETHER = 2, ZERO = 0 };
#else
enum { TOGETHER = 1, ZERO = 0 };
#endif
enum { MOST_INPUTS = 8192 }; /* of BLOCKS */

void run_nodes(const rtsep_Node *nodes, int count);
void product_of_blocks(const rtsep_Node *node);

/* Windowed samples to a spectrum of length / 2 + 1 bins. */
void transform_forward(const rtsep_Transform *plan, float *work, const float *samples, Points spectrum);

/* A spectrum to the last samples, as many as the window has, windowed. */
void transform_inverse(const rtsep_Transform *plan, float *work, Points spectrum, float *samples);

/* a b + c, rounded once where that is one instruction. */
#if defined(__FP_FAST_FMAF)
#define MULTIPLY_ADD(a, b, c) __builtin_fmaf(a, b, c)
#else
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

#endif
