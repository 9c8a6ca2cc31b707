/* A last look at a program before it runs: whether each node stays within the image. It knows nothing of how the nodes
 * were made, only what nodes.c and products.c do with them; rtsep/native/extents.py does the same. */
#ifndef RTSEP_EXTENTS_H
#define RTSEP_EXTENTS_H

#include "flat.h"

/* Whether the packed weights of a product can be read, and packed for a variant. */
int blocks_are_inside(const FlatNode *node, const FlatHeader *header, const rtsep_Variant *variant);

/* Whether a node reads only in the image, and writes only values. */
int node_is_inside(const FlatNode *node, const FlatHeader *header, const uint8_t *image);

/* Whether inputs and result of the step are values. */
int ends_are_inside(const FlatHeader *header);

#endif
