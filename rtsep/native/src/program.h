/* Whole hops of a stream, or a step alone: what runs inside a separator, and what Python calls. It allocates nothing,
 * locks nothing, and knows no files.
 *
 * The caller lays out all memory: what is constant in an rtsep_Plan, what moves in an rtsep_State. One state belongs to
 * one thread at a time. Every structure is listed field by field in layout.c, so that a caller in another language can
 * compare it; there is no padding in them.
 */
#ifndef RTSEP_PROGRAM_H
#define RTSEP_PROGRAM_H

#include "rtsep.h"

#include <stddef.h>
#include <stdint.h>

/* What a node computes. */
enum {
    RTSEP_MUL, RTSEP_ADD, RTSEP_SUB, RTSEP_DIV, RTSEP_RELU, RTSEP_SIGMOID, RTSEP_TANH, RTSEP_LOG, RTSEP_SQRT,
    RTSEP_COPY, RTSEP_MEAN, RTSEP_SOFTMAX, RTSEP_BANDED, RTSEP_BLOCKS
};

/* One node of a step graph. A value is a matrix of floats; strides count floats, 0 where all share one. */
typedef struct {
    int32_t kind, rows, columns;  /* of the result */
    int32_t inputs;               /* numbers of a row that a mean or a product reads */
    ptrdiff_t out_row, a_row, a_column, b_row, b_column;
    float *out;
    const float *a, *b;
    const void *weights;          /* of BLOCKS: packed as rtsep/native/packing.py has them; of BANDED: column by column */
    const int32_t *spans;         /* of BANDED: first input and number of inputs, for each column */
} rtsep_Node;

/* The transform of one length, a power of two from 64 on. */
typedef struct {
    int32_t length, columns;      /* samples of the signal; columns of the matrix of length / 2 points */
    int32_t windowed, unused;     /* samples that the window has */
    const float *window;          /* forward: of all samples. Back: of the last ones, divided by the length */
    const float *cosines, *sines; /* of 2 pi k / length, k to length / 4 */
    const float *twiddle_real, *twiddle_imaginary; /* for each column, each row: exp(-2 pi i column row / points) */
} rtsep_Transform;

/* What a feature is made of. */
enum {
    RTSEP_MID_MAGNITUDE, RTSEP_MID_CONTEXT,    /* of the mid signal, in the masked window or in a longer one */
    RTSEP_MAGNITUDE, RTSEP_CONTEXT,            /* root mean square over the channels */
    RTSEP_CROSS, RTSEP_DIFFERENCE              /* how the channels are related */
};

/* One input of the step, as rtsep/dsp/features.py makes it. */
typedef struct {
    int32_t kind, bins;
    const rtsep_Transform *transform; /* of the contexts */
    float *values;                    /* where the step reads it */
} rtsep_Feature;

/* What is constant in a stream. */
typedef struct {
    int32_t hop, synthesis, bins; /* samples; samples of the synthesis window; bins of the masked spectrum */
    int32_t channels, outputs, stems;
    int32_t features, nodes;      /* numbers of them */
    int32_t longest, history_size; /* samples of a history row that windows read; its memory */
    int32_t scratch_bins, states; /* bins of the longest spectrum; number of recurrent states */
    int32_t look_ahead, unused;   /* hops that the masked spectrum is older than the newest one */
    ptrdiff_t estimates_row;      /* floats from one stem's estimates to the next */
    const rtsep_Transform *forward, *inverse; /* of the masked window */
    const rtsep_Feature *feature;
    const rtsep_Node *node;
    const rtsep_Node *clear;      /* a copy of zeros for each recurrent state */
    float *estimates;             /* what the last node writes */
} rtsep_Plan;

/* What two channels are together, as in rtsep/dsp/pairing.py. */
typedef enum { RTSEP_SONG, RTSEP_OPPOSITE, RTSEP_ONE_DEAD } rtsep_Pair;

/* What moves in a stream. */
typedef struct {
    int32_t end, spoilt;          /* samples of a history row up to the newest; hops that the model spoilt */
    int32_t newest, pair;         /* place of the newest spectrum in the ring; what two channels are: rtsep_Pair */
    float *history;               /* a row for each channel */
    float *spectra, *scratch;     /* real, then imaginary parts: of each channel, a ring of 1 + look_ahead; of anything */
    float *masks, *sums;          /* a row for each output; one row */
    float *frame, *tails;         /* of one inverse transform; of the hops to come: hop, output, channel, samples */
    float *work;                  /* of a transform: twice its length */
    float *mid;                   /* mean of the channels, as long as the longest window */
    float *pair_sums;             /* running, of two channels: of the squares of each, of their product */
} rtsep_State;

/* The code for one kind of processor. */
typedef struct {
    const char *name;
    int32_t tiles_together, zero_point, most_inputs, unused; /* how packed weights lie; inputs of BLOCKS at most */
    void (*step)(const rtsep_Node *nodes, int count);
    void (*hops)(const rtsep_Plan *plan, rtsep_State *state, int hops, const float *block, ptrdiff_t channel_stride,
                 const float *weights, ptrdiff_t weights_stride, float *out);
} rtsep_Variant;

/* A field of a structure, as layout.c lists it. */
typedef struct {
    const char *structure, *name;
    int32_t offset, size, pointer, structure_size;
} rtsep_Field;

/* Say which sources this was built from: their hash, as scripts/build_native.py makes it. */
RTSEP_API const char *rtsep_build(void);

/* List the fields of all structures. */
RTSEP_API const rtsep_Field *rtsep_fields(int *count);

/* Give the code for a kind of processor, the best one first; NULL where this processor cannot run it. */
RTSEP_API int rtsep_variants(void);
RTSEP_API const rtsep_Variant *rtsep_variant(int index);
RTSEP_API const char *rtsep_variant_name(int index);

/* Run a step alone. Denormals count as zero meanwhile; the mode of the calling thread is put back. */
RTSEP_API void rtsep_step(const rtsep_Variant *variant, const rtsep_Node *nodes, int count);

/* Separate some hops: block (channels, ...) to out (outputs, channels, hops * hop). The weights of the masks, of each
 * output above and then below the line, are those of each hop, or of all where `weights_stride` is 0; without weights
 * the latest masks hold, and the step does not run. The mode of the calling thread is put back as above. */
RTSEP_API void rtsep_hops(const rtsep_Variant *variant, const rtsep_Plan *plan, rtsep_State *state, int hops,
                          const float *block, ptrdiff_t channel_stride, const float *weights, ptrdiff_t weights_stride,
                          float *out);

#endif
