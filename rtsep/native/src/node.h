/* One node of a step graph, as program.py lists them. A value is a matrix of floats whose rows may lie apart. */
#ifndef RTSEP_NODE_H
#define RTSEP_NODE_H

#include <stdint.h>

enum { MULTIPLY, ADD, SUBTRACT, DIVIDE, RELU, SIGMOID, TANH, LOGARITHM, ROOT, COPY, MEAN, SOFTMAX, BANDED, BLOCKS };

typedef struct {
    int32_t kind, rows, columns; /* of the result */
    int32_t inputs;              /* numbers of a row that a mean or a product reads */
    int32_t out_row, a_row, a_column, b_row, b_column; /* floats from one to the next, 0 where they share one */
    int32_t unused;
    float *out;
    const float *a, *b;
    const void *weights;
    const int32_t *spans; /* of BANDED: first input and number of inputs, for each column */
} Node;

void run_nodes(const Node *nodes, int count);

void product_of_blocks(const Node *node);

#endif
