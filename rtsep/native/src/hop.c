/* Whole hops in one call: samples into the history, analysis, features, step, mask, synthesis, samples out.
 *
 * What each part computes stands in numpy in rtsep/dsp.
 */
#include "variant.h"

#include <math.h>
#include <string.h>

static const float FLOOR = 1e-12f, CEILING = 1e12f; /* as in mask.py */

/* The mean of some rows, `apart` floats from one to the next. */
static void mean_of(int rows, ptrdiff_t apart, int count, const float *restrict from, float *restrict mean) {
    const float share = 1.0f / (float)rows;
    memcpy(mean, from, (size_t)count * sizeof(float));
    for (int row = 1; row < rows; row++)
        for (int i = 0; i < count; i++) mean[i] += from[row * apart + i];
    for (int i = 0; i < count; i++) mean[i] *= share;
}

/* Append a hop of every channel to the history, and the mid signal; move the history back where its memory ends. */
static void append(const rtsep_Plan *plan, rtsep_State *state, const float *block, ptrdiff_t channel_stride) {
    const int rows = plan->channels + (plan->channels > 1);
    const ptrdiff_t size = plan->history_size;
    if (state->end + plan->hop > size) {
        for (int row = 0; row < rows; row++) {
            float *begin = state->history + row * size;
            memmove(begin, begin + state->end - plan->longest, (size_t)plan->longest * sizeof(float));
        }
        state->end = plan->longest;
    }
    float *newest = state->history + state->end;
    for (int channel = 0; channel < plan->channels; channel++)
        memcpy(newest + channel * size, block + channel * channel_stride, (size_t)plan->hop * sizeof(float));
    if (rows > plan->channels) mean_of(plan->channels, size, plan->hop, newest, newest + plan->channels * size);
    state->end += plan->hop;
}

static Points spectrum_of(const rtsep_Plan *plan, const rtsep_State *state, int channel) {
    float *real = state->spectra + (ptrdiff_t)2 * channel * plan->bins;
    return (Points){real, real + plan->bins};
}

static Points scratch_of(const rtsep_Plan *plan, const rtsep_State *state) {
    return (Points){state->scratch, state->scratch + plan->scratch_bins};
}

/* Spectra of the channels. */
static void analyse(const rtsep_Plan *plan, const rtsep_State *state) {
    for (int channel = 0; channel < plan->channels; channel++)
        transform_forward(plan->forward, state->work,
                          state->history + (ptrdiff_t)channel * plan->history_size + state->end - plan->forward->length,
                          spectrum_of(plan, state, channel));
}

static void magnitudes_of(Points spectrum, int bins, float *restrict magnitudes) {
    const float *restrict real = spectrum.real, *restrict imaginary = spectrum.imaginary;
    for (int i = 0; i < bins; i++) magnitudes[i] = sqrtf(real[i] * real[i] + imaginary[i] * imaginary[i]);
}

static void magnitude(const rtsep_Plan *plan, const rtsep_State *state, float *values) {
    const Points scratch = scratch_of(plan, state), first = spectrum_of(plan, state, 0);
    mean_of(plan->channels, (ptrdiff_t)2 * plan->bins, plan->bins, first.real, scratch.real);
    mean_of(plan->channels, (ptrdiff_t)2 * plan->bins, plan->bins, first.imaginary, scratch.imaginary);
    magnitudes_of(scratch, plan->bins, values);
}

static void context(const rtsep_Plan *plan, const rtsep_State *state, const rtsep_Feature *feature) {
    const ptrdiff_t mid_row = (plan->channels > 1) * plan->channels;
    const float *end = state->history + mid_row * plan->history_size + state->end;
    const Points scratch = scratch_of(plan, state);
    transform_forward(feature->transform, state->work, end - feature->transform->length, scratch);
    magnitudes_of(scratch, feature->bins, feature->values);
}

/* What the step looks at, as rtsep/dsp/features.py has it. */
static void make_features(const rtsep_Plan *plan, const rtsep_State *state) {
    for (int i = 0; i < plan->features; i++) {
        const rtsep_Feature *feature = &plan->feature[i];
        switch (feature->kind) {
        case RTSEP_MAGNITUDE: magnitude(plan, state, feature->values); break;
        case RTSEP_CONTEXT: context(plan, state, feature); break;
        }
    }
}

/* No estimate is below zero, or no number. */
static void bound(int count, float *estimates) {
    for (int i = 0; i < count; i++) {
        const float x = estimates[i], above = x > 0.0f ? x : 0.0f;
        estimates[i] = above < CEILING ? above : CEILING;
    }
}

static void weigh(int stems, int bins, const float *estimates, ptrdiff_t row, const float *weights,
                  float *restrict sum) {
    memset(sum, 0, (size_t)bins * sizeof(float));
    for (int stem = 0; stem < stems; stem++)
        for (int i = 0; i < bins; i++) sum[i] += weights[stem] * (estimates[stem * row + i] + FLOOR);
}

static void divide_by(const float *restrict below, int bins, float *restrict above) {
    for (int i = 0; i < bins; i++) {
        const float share = above[i] / below[i];
        above[i] = share < 1.0f ? share : 1.0f;
    }
}

/* The soft mask of every output; weights are those of mask.py. */
static void make_masks(const rtsep_Plan *plan, const rtsep_State *state, const float *weights) {
    for (int stem = 0; stem < plan->stems; stem++) bound(plan->bins, plan->estimates + stem * plan->estimates_row);
    for (int output = 0; output < plan->outputs; output++) {
        const float *above = weights + output * plan->stems, *below = above + plan->outputs * plan->stems;
        float *masks = state->masks + (ptrdiff_t)output * plan->bins;
        weigh(plan->stems, plan->bins, plan->estimates, plan->estimates_row, above, masks);
        weigh(plan->stems, plan->bins, plan->estimates, plan->estimates_row, below, state->sums);
        divide_by(state->sums, plan->bins, masks);
    }
}

static void masked(Points spectrum, const float *restrict masks, int bins, Points to) {
    const float *restrict from_r = spectrum.real, *restrict from_i = spectrum.imaginary;
    float *restrict real = to.real, *restrict imaginary = to.imaginary;
    for (int i = 0; i < bins; i++) {
        real[i] = masks[i] * from_r[i];
        imaginary[i] = masks[i] * from_i[i];
    }
}

/* A hop of sound from the frame and what earlier ones left; the rest of the frame waits for the hops to come. */
static void overlap_add(const rtsep_Plan *plan, const float *restrict frame, float *restrict tail,
                        float *restrict out) {
    const int hop = plan->hop, parts = plan->synthesis / hop;
    const ptrdiff_t next = (ptrdiff_t)plan->outputs * plan->channels * hop; /* from one hop's tail to the next one's */
    for (int i = 0; i < hop; i++) out[i] = frame[i] + tail[i];
    for (int part = 1; part < parts - 1; part++)
        for (int i = 0; i < hop; i++) tail[(part - 1) * next + i] = frame[part * hop + i] + tail[part * next + i];
    memcpy(tail + (parts - 2) * next, frame + (parts - 1) * hop, (size_t)hop * sizeof(float));
}

static void synthesise(const rtsep_Plan *plan, const rtsep_State *state, float *out, ptrdiff_t row_stride) {
    const Points scratch = scratch_of(plan, state);
    for (int output = 0; output < plan->outputs; output++)
        for (int channel = 0; channel < plan->channels; channel++) {
            const ptrdiff_t row = (ptrdiff_t)output * plan->channels + channel;
            masked(spectrum_of(plan, state, channel), state->masks + (ptrdiff_t)output * plan->bins, plan->bins,
                   scratch);
            transform_inverse(plan->inverse, state->work, scratch, state->frame);
            overlap_add(plan, state->frame, state->tails + row * plan->hop, out + row * row_stride);
        }
}

static void run_hops(const rtsep_Plan *plan, rtsep_State *state, int hops, const float *block,
                     ptrdiff_t channel_stride, const float *weights, ptrdiff_t weights_stride, float *out) {
    for (int i = 0; i < hops; i++) {
        append(plan, state, block + (ptrdiff_t)i * plan->hop, channel_stride);
        analyse(plan, state);
        if (weights) {
            make_features(plan, state);
            run_nodes(plan->node, plan->nodes);
            make_masks(plan, state, weights + i * weights_stride);
        }
        synthesise(plan, state, out + (ptrdiff_t)i * plan->hop, (ptrdiff_t)hops * plan->hop);
    }
}

extern const rtsep_Variant variant_table;
const rtsep_Variant variant_table = {TEXT(RTSEP_VARIANT), TOGETHER, ZERO, MOST_INPUTS, 0, run_nodes, run_hops};
