/* Whether each node stays within the image. */
#include "extents.h"

#include <string.h>

enum { TILE = 16, BLOCK = 64, MOST = 1 << 24, NUMBER = 4 }; /* bytes of a number */

static int has_size(const FlatNode *node) {
    return node->rows >= 1 && node->rows <= MOST && node->columns >= 1 && node->columns <= MOST && node->inputs >= 0 &&
           node->inputs <= MOST;
}

/* Whether some bytes lie between two places, at the place of a number. */
static int between(uint64_t begin, uint64_t end, uint64_t place, uint64_t bytes) {
    return place % NUMBER == 0 && place >= begin && place <= end && bytes <= end - place;
}

static int read_inside(const FlatHeader *header, uint64_t place, uint64_t bytes) {
    return between(0, header->weights_size + header->values_size, place, bytes);
}

static int weights_inside(const FlatHeader *header, uint64_t place, uint64_t bytes) {
    return between(0, header->weights_size, place, bytes);
}

static int written_inside(const FlatHeader *header, uint64_t place, uint64_t bytes) {
    return between(header->weights_size, header->weights_size + header->values_size, place, bytes);
}

/* Bytes from the first to the last number of a matrix; more than there can be where the rows' step is out of range. */
static uint64_t stretch(int32_t rows, int64_t apart, int32_t columns) {
    if (apart < 0 || apart > MOST) return UINT64_MAX;
    return NUMBER * ((uint64_t)(rows - 1) * (uint64_t)apart + (uint64_t)columns);
}

static int pair_is_inside(const FlatNode *node, const FlatHeader *header) {
    if (node->columns > 1 && !node->a_column && !node->b_column) return 0;
    return read_inside(header, node->a, stretch(node->rows, node->a_row, node->a_column ? node->columns : 1)) &&
           read_inside(header, node->b, stretch(node->rows, node->b_row, node->b_column ? node->columns : 1));
}

/* Whether the bands of a product stay in its inputs; their places were checked before they are read. */
static int bands_are_inside(const FlatNode *node, const FlatHeader *header, const uint8_t *image) {
    uint64_t total = 0;
    if (!weights_inside(header, node->spans, 2 * NUMBER * (uint64_t)node->columns)) return 0;
    for (int column = 0; column < node->columns; column++) {
        int32_t span[2];
        memcpy(span, image + node->spans + (size_t)column * sizeof span, sizeof span);
        if (span[0] < 0 || span[1] < 0 || span[0] > node->inputs || span[1] > node->inputs - span[0]) return 0;
        total += (uint64_t)span[1];
    }
    return weights_inside(header, node->weights, NUMBER * total);
}

int blocks_are_inside(const FlatNode *node, const FlatHeader *header, const rtsep_Variant *variant) {
    if (!has_size(node) || node->rows != 1 || node->columns % TILE || node->inputs < 1 ||
        node->inputs > variant->most_inputs)
        return 0;
    const uint64_t blocks = ((uint64_t)node->inputs + BLOCK - 1) / BLOCK;
    return weights_inside(header, node->weights, (uint64_t)node->columns * blocks * (BLOCK + NUMBER));
}

int node_is_inside(const FlatNode *node, const FlatHeader *header, const uint8_t *image) {
    if (!has_size(node)) return 0;
    const int32_t columns = node->kind == RTSEP_MEAN ? 1 : node->columns;
    const uint64_t inputs = stretch(node->rows, node->a_row, node->inputs);
    if (!written_inside(header, node->out, stretch(node->rows, node->out_row, columns))) return 0;
    switch (node->kind) {
    case RTSEP_MUL: case RTSEP_ADD: case RTSEP_SUB: case RTSEP_DIV: return pair_is_inside(node, header);
    case RTSEP_RELU: case RTSEP_SIGMOID: case RTSEP_TANH: case RTSEP_LOG: case RTSEP_SQRT: case RTSEP_COPY:
    case RTSEP_SOFTMAX: return read_inside(header, node->a, stretch(node->rows, node->a_row, node->columns));
    case RTSEP_MEAN: return node->inputs >= 1 && read_inside(header, node->a, inputs);
    case RTSEP_BANDED: return read_inside(header, node->a, inputs) && bands_are_inside(node, header, image);
    case RTSEP_BLOCKS:
        return read_inside(header, node->a, inputs) && read_inside(header, node->b, NUMBER * (uint64_t)node->columns);
    default: return 0;
    }
}

int ends_are_inside(const FlatHeader *header) {
    const int32_t bins = header->analysis / 2 + 1;
    for (int i = 0; i < header->features; i++) {
        const int is_context = i >= 1 && i <= header->contexts;
        const int32_t length = is_context ? header->context[i - 1] : header->analysis;
        if (!written_inside(header, header->feature[i], NUMBER * (uint64_t)(length / 2 + 1))) return 0;
    }
    return written_inside(header, header->estimates, stretch(header->stems, header->estimates_row, bins));
}
