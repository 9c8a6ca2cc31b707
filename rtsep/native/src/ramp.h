/* A gain that follows its target along an S: two moving averages, one after the other, as rtsep/dsp/ramp.py has it. */
#ifndef RTSEP_RAMP_H
#define RTSEP_RAMP_H

#include "arena.h"

typedef struct {
    int length, at;
    double sum, *past; /* of the values in a ring */
} Average;

typedef struct {
    int frames, left;  /* of a ramp; until the target is reached, or -1 where there is none yet */
    float target;
    Average averages[2];
} Ramp;

/* Make room for a ramp that reaches its targets after some frames. */
void ramp_init(Ramp *ramp, Arena *arena, int frames);

/* Let the next target hold at once. */
void ramp_reset(Ramp *ramp);

/* Set the target. */
void ramp_aim(Ramp *ramp, float target);

/* The gain of the next frame. */
float ramp_next(Ramp *ramp);

static inline int ramp_rests(const Ramp *ramp) {
    return ramp->left == 0;
}

#endif
