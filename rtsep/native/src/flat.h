/* The flat model file: what it says, checked once, and its program laid out in memory.
 *
 * A file is this header, then the weights, then the nodes; little-endian, without pointers. Everything that a node reads
 * or writes is a place in the image: the bytes of the weights, which nothing writes, followed by `values_size` bytes of
 * values, which are zero at the start. rtsep/native/flat.py writes it.
 */
#ifndef RTSEP_FLAT_H
#define RTSEP_FLAT_H

#include "arena.h"
#include "program.h"

enum { FLAT_VERSION = 2, MOST_STEMS = 16, MOST_CONTEXTS = 4, MOST_FEATURES = 8, LONGEST_WINDOW = 1 << 16,
       MOST_LOOK_AHEAD = 64, MOST_BYTES = 1 << 30 }; /* hops; of a file, or of values */

typedef struct {
    char magic[8];                     /* "RTSEPMDL" */
    uint32_t version, checksum;        /* CRC-32 of all that follows */
    uint64_t size;                     /* of the file, in bytes */
    int32_t samplerate, analysis, synthesis, hop;
    int32_t stereo, stems, contexts, features; /* whether the model looks at all channels; numbers of the others */
    int32_t nodes, states, context[MOST_CONTEXTS]; /* numbers of nodes; lengths of the longer windows */
    int32_t look_ahead, unused;        /* hops that the masked spectrum is older than the newest one */
    char name[104], stem[MOST_STEMS][40];      /* each ends with a zero */
    uint64_t weights_at, weights_size, values_size;
    uint64_t nodes_at, clear_at;       /* nodes of a step; one for each state, which copies zeros into it */
    uint64_t feature[MOST_FEATURES];   /* places of the inputs: magnitude, contexts, cross, difference */
    uint64_t estimates;                /* place of the result */
    int64_t estimates_row;
} FlatHeader;

/* A node in the file. */
typedef struct {
    int32_t kind, rows, columns, inputs;
    int64_t out_row, a_row, a_column, b_row, b_column;
    uint64_t out, a, b, weights, spans;
} FlatNode;

/* Check all that the header says, and read it. */
rtsep_Error flat_read(FlatHeader *header, const uint8_t *file, size_t size);

/* A file's program in memory. */
typedef struct {
    uint8_t *image;
    rtsep_Node *nodes, *clear;
} FlatProgram;

/* Make room for the program of a header that was checked. */
void flat_take(FlatProgram *program, const FlatHeader *header, Arena *arena);

/* Fill it, with weights as a variant has them, and check every node against the image. */
rtsep_Error flat_load(FlatProgram *program, const FlatHeader *header, const uint8_t *file,
                      const rtsep_Variant *variant);

/* Set the values to zero. */
void flat_clear(FlatProgram *program, const FlatHeader *header);

#endif
