/* What a separator consists of. */
#ifndef RTSEP_SEPARATOR_H
#define RTSEP_SEPARATOR_H

#include "controls.h"
#include "flat.h"
#include "tables.h"

struct rtsep_Separator {
    FlatHeader model;
    FlatProgram program;
    int samplerate, channels, blocksize;
    int outputs;
    char name[MOST_STEMS][40];        /* of the outputs */
    float requested[MOST_STEMS][MOST_STEMS]; /* 1 where an output has a stem of the model in it */
    const rtsep_Variant *variant;
    rtsep_Plan plan;
    rtsep_State state;
    rtsep_Transform forward, inverse, contexts[MOST_CONTEXTS];
    rtsep_Feature features[MOST_FEATURES];
    Controls controls;
    Gains gains;
    Ramp mask_gain;                   /* hop by hop */
    float weights[2 * MOST_STEMS * MOST_STEMS];
    float *pending;                   /* the hop that comes in: a row for each channel */
    float *sound[2];                  /* the last hop and the one before: a row for each channel of each output */
    float *past;                      /* the mixture in a ring: a row for each channel */
    int pending_frames, ready_at;     /* frames of the hop that are there; first frame of the sound not yet given */
    int past_size, past_at;           /* frames of the ring; where the next one goes */
    int bad_blocks;
};

/* Say what a separator is to be, from a file and options that were checked against it. */
rtsep_Error separator_plan(rtsep_Separator *separator, const rtsep_Options *options);

/* Place all of its memory; only count it while the arena has none. */
void separator_take(rtsep_Separator *separator, Arena *arena);

#endif
