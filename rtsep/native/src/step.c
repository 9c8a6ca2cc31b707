/* The nodes of a step graph, run one after the other. */
#include "float_mode.h"
#include "node.h"

#include <math.h>
#include <string.h>

/* exp(x) = 2^k exp(r), |r| <= ln(2) / 2: the Taylor series, to the last bit of a float */
static inline float exponential(float x) {
    x = fminf(fmaxf(x, -87.0f), 88.0f);
    float k = rintf(x * 1.44269504f);
    float r = fmaf(k, -0.693147182f, x);
    r = fmaf(k, 1.90465421e-9f, r); /* what the float of ln(2) is too much */
    float series = 1.0f / 720;
    series = fmaf(series, r, 1.0f / 120);
    series = fmaf(series, r, 1.0f / 24);
    series = fmaf(series, r, 1.0f / 6);
    series = fmaf(series, r, 0.5f);
    series = fmaf(series, r, 1.0f);
    series = fmaf(series, r, 1.0f);
    int32_t bits = ((int32_t)k + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return series * power;
}

/* log(x) = k ln(2) + 2 artanh((m - 1) / (m + 1)), x = 2^k m, m from sqrt(1 / 2) to sqrt(2); x is not a denormal */
static inline float logarithm(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t k = (bits - 0x3f3504f3) >> 23;
    bits -= k * (1 << 23);
    float m;
    memcpy(&m, &bits, sizeof m);
    float s = (m - 1.0f) / (m + 1.0f), square = s * s;
    float series = 2.0f / 9;
    series = fmaf(series, square, 2.0f / 7);
    series = fmaf(series, square, 2.0f / 5);
    series = fmaf(series, square, 2.0f / 3);
    series = fmaf(series, square, 2.0f);
    return fmaf((float)k, 0.693147182f, s * series);
}

/* For each number of the result, from x and, where there are two operands, y. */
#define EACH(expression)                                                                                             \
    for (int row = 0; row < node->rows; row++) {                                                                     \
        float *restrict out = node->out + (long)row * node->out_row;                                                 \
        const float *a = node->a + (long)row * node->a_row;                                                          \
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
        float *restrict out = node->out + (long)row * node->out_row;                                                 \
        const float *a = node->a + (long)row * node->a_row, *b = node->b + (long)row * node->b_row;                  \
        if (!node->a_column) PAIR(0, i, operator);                                                                   \
        else if (!node->b_column) PAIR(i, 0, operator);                                                              \
        else PAIR(i, i, operator);                                                                                   \
    }                                                                                                                \
    break

static void mean(const Node *node) {
    for (int row = 0; row < node->rows; row++) {
        const float *a = node->a + (long)row * node->a_row;
        float sum = 0.0f;
        for (int i = 0; i < node->inputs; i++) sum += a[i];
        node->out[(long)row * node->out_row] = sum / (float)node->inputs;
    }
}

/* Down each column. */
static void softmax(const Node *node) {
    const int rows = node->rows, columns = node->columns;
    for (int i = 0; i < columns; i++) {
        const float *a = node->a + i;
        float *out = node->out + i, most = a[0], sum = 0.0f;
        for (int row = 1; row < rows; row++) most = fmaxf(most, a[(long)row * node->a_row]);
        for (int row = 0; row < rows; row++) {
            float power = exponential(a[(long)row * node->a_row] - most);
            out[(long)row * node->out_row] = power;
            sum += power;
        }
        for (int row = 0; row < rows; row++) out[(long)row * node->out_row] /= sum;
    }
}

/* Each column of the weights is stored from its first to its last that is not zero. */
static void banded(const Node *node) {
    for (int row = 0; row < node->rows; row++) {
        const float *weights = node->weights;
        for (int column = 0; column < node->columns; column++) {
            const float *a = node->a + (long)row * node->a_row + node->spans[2 * column];
            const int count = node->spans[2 * column + 1];
            float sum = 0.0f;
            for (int i = 0; i < count; i++) sum += a[i] * weights[i];
            node->out[(long)row * node->out_row + column] = sum;
            weights += count;
        }
    }
}

static void run_node(const Node *node) {
    switch (node->kind) {
    case MULTIPLY: EACH_PAIR(*);
    case ADD: EACH_PAIR(+);
    case SUBTRACT: EACH_PAIR(-);
    case DIVIDE: EACH_PAIR(/);
    case RELU: EACH(x > 0.0f ? x : 0.0f);
    case SIGMOID: EACH(1.0f / (1.0f + exponential(-x)));
    case TANH: EACH(1.0f - 2.0f / (1.0f + exponential(2.0f * x)));
    case LOGARITHM: EACH(logarithm(x));
    case ROOT: EACH(sqrtf(x));
    case COPY: EACH(x);
    case MEAN: mean(node); break;
    case SOFTMAX: softmax(node); break;
    case BANDED: banded(node); break;
    case BLOCKS: product_of_blocks(node); break;
    }
}

int rtsep_node_size(void) {
    return (int)sizeof(Node);
}

void run_nodes(const Node *nodes, int count) {
    for (int i = 0; i < count; i++) run_node(&nodes[i]);
}

/* A step alone. */
void rtsep_step(const Node *nodes, int count) {
    const uint64_t mode = denormals_off();
    run_nodes(nodes, count);
    restore_mode(mode);
}
