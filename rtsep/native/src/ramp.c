/* A gain that follows its target. */
#include "ramp.h"

static void fill(Average *average, double value) {
    for (int i = 0; i < average->length; i++) average->past[i] = value;
    average->sum = value * average->length;
    average->at = 0;
}

static double push(Average *average, double value) {
    average->sum += value - average->past[average->at];
    average->past[average->at] = value;
    average->at = average->at + 1 < average->length ? average->at + 1 : 0;
    return average->sum / average->length;
}

void ramp_init(Ramp *ramp, Arena *arena, int frames) {
    const int lengths[2] = {frames / 2 + 1, (frames + 1) / 2}; /* together they take one frame less than their sum */
    for (int i = 0; i < 2; i++) {
        double *past = take(arena, (size_t)lengths[i], sizeof *past);
        ramp->averages[i] = (Average){.length = lengths[i], .past = past};
    }
    ramp->frames = frames;
    ramp_reset(ramp);
}

void ramp_reset(Ramp *ramp) {
    ramp->left = -1;
}

void ramp_aim(Ramp *ramp, float target) {
    if (ramp->left >= 0 && target == ramp->target) return;
    if (ramp->left == 0) /* leave no rounding behind */
        for (int i = 0; i < 2; i++) fill(&ramp->averages[i], ramp->target);
    ramp->left = ramp->left < 0 ? 0 : ramp->frames;
    ramp->target = target;
}

float ramp_next(Ramp *ramp) {
    if (ramp->left == 0) return ramp->target;
    ramp->left--;
    return (float)push(&ramp->averages[1], push(&ramp->averages[0], ramp->target));
}
