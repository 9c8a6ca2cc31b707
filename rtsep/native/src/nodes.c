/* The nodes of a step graph, run one after the other. */
#include "variant.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* exp(x) = 2^k exp(r), |r| <= ln(2) / 2: the Taylor series, to the last bit of a float; NaN stays NaN */
static inline float exponential(float exponent) {
    float x = exponent > -87.0f ? exponent : -87.0f;
    x = x < 88.0f ? x : 88.0f;
    float k = rintf(x * 1.44269504f);
    float r = MULTIPLY_ADD(k, -0.693147182f, x);
    r = MULTIPLY_ADD(k, 1.90465421e-9f, r); /* what the float of ln(2) is too much */
    float series = 1.0f / 720;
    series = MULTIPLY_ADD(series, r, 1.0f / 120);
    series = MULTIPLY_ADD(series, r, 1.0f / 24);
    series = MULTIPLY_ADD(series, r, 1.0f / 6);
    series = MULTIPLY_ADD(series, r, 0.5f);
    series = MULTIPLY_ADD(series, r, 1.0f);
    series = MULTIPLY_ADD(series, r, 1.0f);
    int32_t bits = ((int32_t)k + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return exponent == exponent ? series * power : exponent;
}

/* log(x) = k ln(2) + 2 artanh((m - 1) / (m + 1)), x = 2^k m, m from sqrt(1 / 2) to sqrt(2); x is not a denormal;
 * the logarithm of 0 is -infinity, that of less is no number */
static inline float logarithm(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t k = (int32_t)(bits - 0x3f3504f3) >> 23;
    bits -= (uint32_t)k << 23;
    float m;
    memcpy(&m, &bits, sizeof m);
    float s = (m - 1.0f) / (m + 1.0f), square = s * s;
    float series = 2.0f / 9;
    series = MULTIPLY_ADD(series, square, 2.0f / 7);
    series = MULTIPLY_ADD(series, square, 2.0f / 5);
    series = MULTIPLY_ADD(series, square, 2.0f / 3);
    series = MULTIPLY_ADD(series, square, 2.0f);
    const float result = MULTIPLY_ADD((float)k, 0.693147182f, s * series);
    return x > 0.0f ? (x <= FLT_MAX ? result : x) : x == 0.0f ? -INFINITY : NAN;
}

/* For each number of the result, from x and, where there are two operands, y. */
#define EACH(expression)                                                                                             \
    for (int row = 0; row < node->rows; row++) {                                                                     \
        float *restrict out = node->out + row * node->out_row;                                                 \
        const float *a = node->a + row * node->a_row;                                                          \
        for (int i = 0; i < node->columns; i++) {                                                                    \
            float x = a[i];                                                                                          \
            out[i] = (expression);                                                                                   \
        }                                                                                                            \
    }                                                                                                                \
    break

#define PAIR(a_index, b_index, operator)                                                                             \
    for (int i = 0; i < node->columns; i++) out[i] = a[a_index] operator b[b_index]

#define EACH_PAIR(operator)                                                                                          \
    for (int row = 0; row < node->rows; row++) {                                                                     \
        float *restrict out = node->out + row * node->out_row;                                                 \
        const float *a = node->a + row * node->a_row, *b = node->b + row * node->b_row;                  \
        if (!node->a_column) PAIR(0, i, operator);                                                                   \
        else if (!node->b_column) PAIR(i, 0, operator);                                                              \
        else PAIR(i, i, operator);                                                                                   \
    }                                                                                                                \
    break

static void mean(const rtsep_Node *node) {
    for (int row = 0; row < node->rows; row++) {
        const float *a = node->a + row * node->a_row;
        float sum = 0.0f;
        for (int i = 0; i < node->inputs; i++) sum += a[i];
        node->out[row * node->out_row] = sum / (float)node->inputs;
    }
}

/* Down each column. */
static void softmax(const rtsep_Node *node) {
    const int rows = node->rows, columns = node->columns;
    for (int i = 0; i < columns; i++) {
        const float *a = node->a + i;
        float *out = node->out + i, most = a[0], sum = 0.0f;
        for (int row = 1; row < rows; row++) {
            const float next = a[row * node->a_row];
            most = next > most ? next : most;
        }
        for (int row = 0; row < rows; row++) {
            float power = exponential(a[row * node->a_row] - most);
            out[row * node->out_row] = power;
            sum += power;
        }
        for (int row = 0; row < rows; row++) out[row * node->out_row] /= sum;
    }
}

/* Each column of the weights is stored from its first to its last that is not zero. */
static void banded(const rtsep_Node *node) {
    for (int row = 0; row < node->rows; row++) {
        const float *weights = node->weights;
        for (int column = 0; column < node->columns; column++) {
            const float *a = node->a + row * node->a_row + node->spans[2 * column];
            const int count = node->spans[2 * column + 1];
            float sum = 0.0f;
            for (int i = 0; i < count; i++) sum += a[i] * weights[i];
            node->out[row * node->out_row + column] = sum;
            weights += count;
        }
    }
}

static void run_node(const rtsep_Node *node) {
    switch (node->kind) {
    case RTSEP_MUL: EACH_PAIR(*);
    case RTSEP_ADD: EACH_PAIR(+);
    case RTSEP_SUB: EACH_PAIR(-);
    case RTSEP_DIV: EACH_PAIR(/);
    case RTSEP_RELU: EACH(x < 0.0f ? 0.0f : x);
    case RTSEP_SIGMOID: EACH(1.0f / (1.0f + exponential(-x)));
    case RTSEP_TANH: EACH(1.0f - 2.0f / (1.0f + exponential(2.0f * x)));
    case RTSEP_LOG: EACH(logarithm(x));
    case RTSEP_SQRT: EACH(sqrtf(x));
    case RTSEP_COPY: EACH(x);
    case RTSEP_MEAN: mean(node); break;
    case RTSEP_SOFTMAX: softmax(node); break;
    case RTSEP_BANDED: banded(node); break;
    case RTSEP_BLOCKS: product_of_blocks(node); break;
    }
}

void run_nodes(const rtsep_Node *nodes, int count) {
    for (int i = 0; i < count; i++) run_node(&nodes[i]);
}
