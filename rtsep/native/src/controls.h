/* The values of the controls, which any thread may set, and the gains that follow from them. */
#ifndef RTSEP_CONTROLS_H
#define RTSEP_CONTROLS_H

#include "flat.h"
#include "ramp.h"

typedef struct {
    int stems;
    int32_t bits[RTSEP_CONTROLS][MOST_STEMS]; /* of a float, replaced whole */
} Controls;

void controls_init(Controls *controls, int stems);
rtsep_Error controls_set(Controls *controls, rtsep_Control control, int stem, float value);
float controls_get(const Controls *controls, rtsep_Control control, int stem);

/* Levels, mute, solo, dry/wet and bypass as ramps, as rtsep/controls/gains.py has them: a gain for each stem, and that of
 * the mixture, of which each stem gets an even share. */
typedef struct {
    int stems, frames;    /* at once */
    Ramp ramps[MOST_STEMS + 1];
    float *values;        /* a row for each ramp */
} Gains;

void gains_init(Gains *gains, Arena *arena, int stems, int ramp_frames, int frames);
void gains_reset(Gains *gains);

/* Follow the controls from now on. */
void gains_aim(Gains *gains, const Controls *controls);

/* Whether stems stay as they are. */
int gains_idle(const Gains *gains);

/* Make the values of the next frames. */
void gains_next(Gains *gains, int frames);

#endif
