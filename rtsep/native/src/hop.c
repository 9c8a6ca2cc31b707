/* Whole hops in one call: samples into the history, analysis, features, step, mask, synthesis, samples out.
 *
 * What each part computes stands in numpy in rtsep/dsp.
 */
#include "variant.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const float FLOOR = 1e-12f, CEILING = 1e12f; /* as in mask.py */
static const float MEMORY = 44100.0f, OPPOSITE_BELOW = -0.9f, OPPOSITE_UP_TO = -0.5f; /* as in pairing.py */
static const float DEAD_BELOW = 1e-5f, DEAD_UP_TO = 1e-4f;

/* The mean of a row for each channel, `apart` floats from one to the next; of opposite channels in one polarity. */
static void mean_of(const rtsep_Plan *plan, const rtsep_State *state, ptrdiff_t apart, int count,
                    const float *restrict from, float *restrict mean) {
    const int rows = plan->channels;
    const float share = 1.0f / (float)rows, sign = state->pair == RTSEP_OPPOSITE ? -1.0f : 1.0f;
    memcpy(mean, from, (size_t)count * sizeof(float));
    for (int row = 1; row < rows; row++)
        for (int i = 0; i < count; i++) mean[i] += sign * from[row * apart + i];
    for (int i = 0; i < count; i++) mean[i] *= share;
}

/* Append a hop of every channel to the history; move the history back where its memory ends. */
static void append(const rtsep_Plan *plan, rtsep_State *state, const float *block, ptrdiff_t channel_stride) {
    const ptrdiff_t size = plan->history_size;
    if (state->end + plan->hop > size) {
        for (int row = 0; row < plan->channels; row++) {
            float *begin = state->history + row * size;
            memmove(begin, begin + state->end - plan->longest, (size_t)plan->longest * sizeof(float));
        }
        state->end = plan->longest;
    }
    float *newest = state->history + state->end;
    for (int channel = 0; channel < plan->channels; channel++)
        memcpy(newest + channel * size, block + channel * channel_stride, (size_t)plan->hop * sizeof(float));
    state->end += plan->hop;
}

/* Spectrum of a channel at a place in the ring. */
static Points spectrum_at(const rtsep_Plan *plan, const rtsep_State *state, int place, int channel) {
    float *real = state->spectra + 2 * ((ptrdiff_t)place * plan->channels + channel) * plan->bins;
    return (Points){real, real + plan->bins};
}

static Points spectrum_of(const rtsep_Plan *plan, const rtsep_State *state, int channel) {
    return spectrum_at(plan, state, state->newest, channel);
}

/* The place after the newest one: of the oldest spectrum, which is masked, and which the next one replaces. */
static int oldest(const rtsep_Plan *plan, const rtsep_State *state) {
    return state->newest < plan->look_ahead ? state->newest + 1 : 0;
}

static Points scratch_of(const rtsep_Plan *plan, const rtsep_State *state) {
    return (Points){state->scratch, state->scratch + plan->scratch_bins};
}

static float product(int count, const float *restrict a, const float *restrict b) {
    float sum = 0.0f;
    for (int i = 0; i < count; i++) sum += a[i] * b[i];
    return sum;
}

/* Hear in the newest hop what two channels are together, as rtsep/dsp/pairing.py has it. */
static void find_pair(const rtsep_Plan *plan, rtsep_State *state) {
    if (plan->channels != 2) return;
    const int hop = plan->hop;
    const float kept = fmaxf(0.0f, 1.0f - (float)hop / MEMORY);
    const float *left = state->history + state->end - hop, *right = left + plan->history_size;
    float *sums = state->pair_sums;
    sums[0] = kept * sums[0] + product(hop, left, left);
    sums[1] = kept * sums[1] + product(hop, right, right);
    sums[2] = kept * sums[2] + product(hop, left, right);
    const float dead = state->pair == RTSEP_ONE_DEAD ? DEAD_UP_TO : DEAD_BELOW;
    const float opposite = state->pair == RTSEP_OPPOSITE ? OPPOSITE_UP_TO : OPPOSITE_BELOW;
    if (fminf(sums[0], sums[1]) < dead * fmaxf(sums[0], sums[1])) state->pair = RTSEP_ONE_DEAD;
    else state->pair = sums[2] < opposite * sqrtf(sums[0]) * sqrtf(sums[1]) ? RTSEP_OPPOSITE : RTSEP_SONG;
}

/* Spectra of the channels, in the place of the oldest ones. */
static void analyse(const rtsep_Plan *plan, rtsep_State *state) {
    state->newest = oldest(plan, state);
    for (int channel = 0; channel < plan->channels; channel++)
        transform_forward(plan->forward, state->work,
                          state->history + (ptrdiff_t)channel * plan->history_size + state->end - plan->forward->length,
                          spectrum_of(plan, state, channel));
}

static void magnitudes_of(Points spectrum, int bins, float *restrict magnitudes) {
    const float *restrict real = spectrum.real, *restrict imaginary = spectrum.imaginary;
    for (int i = 0; i < bins; i++) magnitudes[i] = sqrtf(real[i] * real[i] + imaginary[i] * imaginary[i]);
}

static void add_power(Points spectrum, int bins, float share, float *restrict powers) {
    const float *restrict real = spectrum.real, *restrict imaginary = spectrum.imaginary;
    for (int i = 0; i < bins; i++) powers[i] += share * (real[i] * real[i] + imaginary[i] * imaginary[i]);
}

/* Spectrum of the mid signal in the masked window, in the scratch. */
static Points mid_of(const rtsep_Plan *plan, const rtsep_State *state) {
    const Points scratch = scratch_of(plan, state), first = spectrum_of(plan, state, 0);
    mean_of(plan, state, (ptrdiff_t)2 * plan->bins, plan->bins, first.real, scratch.real);
    mean_of(plan, state, (ptrdiff_t)2 * plan->bins, plan->bins, first.imaginary, scratch.imaginary);
    return scratch;
}

/* Mean power of the channels in the masked window. */
static void mean_power(const rtsep_Plan *plan, const rtsep_State *state, float share, float *powers) {
    memset(powers, 0, (size_t)plan->bins * sizeof(float));
    for (int channel = 0; channel < plan->channels; channel++)
        add_power(spectrum_of(plan, state, channel), plan->bins, share / (float)plan->channels, powers);
}

static void root(int count, float *restrict values) {
    for (int i = 0; i < count; i++) values[i] = sqrtf(values[i]);
}

/* A longer window of one channel, in the scratch. */
static Points context_of(const rtsep_Plan *plan, const rtsep_State *state, const rtsep_Transform *transform,
                         int channel) {
    const Points scratch = scratch_of(plan, state);
    const float *end = state->history + (ptrdiff_t)channel * plan->history_size + state->end;
    transform_forward(transform, state->work, end - transform->length, scratch);
    return scratch;
}

static void mid_context(const rtsep_Plan *plan, const rtsep_State *state, const rtsep_Feature *feature) {
    float *samples = state->mid; /* of the window: the mean of the channels */
    const int length = feature->transform->length;
    mean_of(plan, state, plan->history_size, length, state->history + state->end - length, samples);
    const Points scratch = scratch_of(plan, state);
    transform_forward(feature->transform, state->work, samples, scratch);
    magnitudes_of(scratch, feature->bins, feature->values);
}

static void context(const rtsep_Plan *plan, const rtsep_State *state, const rtsep_Feature *feature) {
    memset(feature->values, 0, (size_t)feature->bins * sizeof(float));
    for (int channel = 0; channel < plan->channels; channel++)
        add_power(context_of(plan, state, feature->transform, channel), feature->bins, 1.0f / (float)plan->channels,
                  feature->values);
    root(feature->bins, feature->values);
}

/* Mean cross spectrum of the pairs of channels: in the mid signal's power, besides the powers of the channels. */
static void cross(const rtsep_Plan *plan, const rtsep_State *state, float *values) {
    const float others = (float)plan->channels - 1.0f;
    const int one = plan->channels == 1 || state->pair == RTSEP_ONE_DEAD;
    mean_power(plan, state, one ? 1.0f : -1.0f / others, values);
    if (!one) add_power(mid_of(plan, state), plan->bins, (float)plan->channels / others, values);
}

static void difference(const rtsep_Plan *plan, const rtsep_State *state, float *values) {
    memset(values, 0, (size_t)plan->bins * sizeof(float));
    if (plan->channels != 2 || state->pair == RTSEP_ONE_DEAD) return;
    add_power(spectrum_of(plan, state, 0), plan->bins, 0.5f, values);
    add_power(spectrum_of(plan, state, 1), plan->bins, -0.5f, values);
}

/* What the step looks at, as rtsep/dsp/features.py has it. */
static void make_features(const rtsep_Plan *plan, const rtsep_State *state) {
    for (int i = 0; i < plan->features; i++) {
        const rtsep_Feature *feature = &plan->feature[i];
        switch (feature->kind) {
        case RTSEP_MID_MAGNITUDE: magnitudes_of(mid_of(plan, state), plan->bins, feature->values); break;
        case RTSEP_MID_CONTEXT: mid_context(plan, state, feature); break;
        case RTSEP_MAGNITUDE:
            mean_power(plan, state, 1.0f, feature->values);
            root(plan->bins, feature->values);
            break;
        case RTSEP_CONTEXT: context(plan, state, feature); break;
        case RTSEP_CROSS: cross(plan, state, feature->values); break;
        case RTSEP_DIFFERENCE: difference(plan, state, feature->values); break;
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

static int all_finite(int count, const float *values) {
    int good = 1;
    for (int i = 0; i < count; i++) good &= fabsf(values[i]) <= FLT_MAX;
    return good;
}

/* Whether all that the step has left is finite: its estimates and its recurrent states. */
static int is_sound(const rtsep_Plan *plan) {
    for (int stem = 0; stem < plan->stems; stem++)
        if (!all_finite(plan->bins, plan->estimates + stem * plan->estimates_row)) return 0;
    for (int i = 0; i < plan->states; i++)
        for (int row = 0; row < plan->clear[i].rows; row++)
            if (!all_finite(plan->clear[i].columns, plan->clear[i].out + row * plan->clear[i].out_row)) return 0;
    return 1;
}

/* Advance the model by a hop. One that it has spoilt is shared evenly, and the model starts anew. */
static void run_step(const rtsep_Plan *plan, rtsep_State *state) {
    run_nodes(plan->node, plan->nodes);
    if (is_sound(plan)) return;
    state->spoilt++;
    run_nodes(plan->clear, plan->states);
    for (int stem = 0; stem < plan->stems; stem++)
        memset(plan->estimates + stem * plan->estimates_row, 0, (size_t)plan->bins * sizeof(float));
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
    const int place = oldest(plan, state);
    for (int output = 0; output < plan->outputs; output++)
        for (int channel = 0; channel < plan->channels; channel++) {
            const ptrdiff_t row = (ptrdiff_t)output * plan->channels + channel;
            masked(spectrum_at(plan, state, place, channel), state->masks + (ptrdiff_t)output * plan->bins, plan->bins,
                   scratch);
            transform_inverse(plan->inverse, state->work, scratch, state->frame);
            overlap_add(plan, state->frame, state->tails + row * plan->hop, out + row * row_stride);
        }
}

static void run_hops(const rtsep_Plan *plan, rtsep_State *state, int hops, const float *block,
                     ptrdiff_t channel_stride, const float *weights, ptrdiff_t weights_stride, float *out) {
    for (int i = 0; i < hops; i++) {
        append(plan, state, block + (ptrdiff_t)i * plan->hop, channel_stride);
        find_pair(plan, state);
        analyse(plan, state);
        if (weights) {
            make_features(plan, state);
            run_step(plan, state);
            make_masks(plan, state, weights + i * weights_stride);
        }
        synthesise(plan, state, out + (ptrdiff_t)i * plan->hop, (ptrdiff_t)hops * plan->hop);
    }
}

extern const rtsep_Variant variant_table;
const rtsep_Variant variant_table = {TEXT(RTSEP_VARIANT), TOGETHER, ZERO, MOST_INPUTS, 0, run_nodes, run_hops};
