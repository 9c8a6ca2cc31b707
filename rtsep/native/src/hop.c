/* Whole hops in one call: samples into the line, analysis, step, mask, synthesis, samples out.
 *
 * What each part computes stands in numpy in rtsep/dsp/stft.py and rtsep/dsp/mask.py.
 */
#include "float_mode.h"
#include "node.h"
#include "transform.h"

#include <math.h>
#include <string.h>

typedef struct {
    int32_t hop, synthesis, bins; /* samples; samples of the synthesis window; of the masked spectrum */
    int32_t channels, outputs, stems;
    int32_t windows;              /* transforms of the newest samples: the masked one, then the contexts */
    int32_t most_bins;            /* of the longest of them */
    int32_t kept, size, end;      /* samples of a row of the line that are kept; its memory; where the newest end */
    int32_t nodes, estimate_row;  /* nodes of the step; floats from one stem's estimates to the next */
    int32_t unused;
    const Transform *forward, *inverse;
    const Node *step;
    float *const *magnitudes;     /* inputs of the step, one for each window */
    const float *estimates;
    float *line;                  /* rows: channels, then their mean where there are several */
    float *spectra, *scratch;     /* real, then imaginary parts: of each channel; of anything */
    float *masks, *sums;          /* a row for each output; one row */
    float *frame, *tails;         /* of one inverse transform; of the hops to come: hop, output, channel, samples */
} Hop;

static const float FLOOR = 1e-12f; /* as in mask.py */

/* The mean of some rows, `apart` floats from one to the next. */
static void mean_of(int rows, long apart, int count, const float *restrict from, float *restrict mean) {
    const float share = 1.0f / (float)rows;
    memcpy(mean, from, count * sizeof(float));
    for (int row = 1; row < rows; row++)
        for (int i = 0; i < count; i++) mean[i] += from[row * apart + i];
    for (int i = 0; i < count; i++) mean[i] *= share;
}

/* Append a hop of every channel to the line, and the mid signal; move the line back where its memory ends. */
static void take(Hop *hop, const float *block, int64_t channel_step) {
    const int rows = hop->channels + (hop->channels > 1);
    if (hop->end + hop->hop > hop->size) {
        for (int row = 0; row < rows; row++) {
            float *begin = hop->line + (long)row * hop->size;
            memmove(begin, begin + hop->end - hop->kept, hop->kept * sizeof(float));
        }
        hop->end = hop->kept;
    }
    float *newest = hop->line + hop->end;
    for (int channel = 0; channel < hop->channels; channel++)
        memcpy(newest + (long)channel * hop->size, block + channel * channel_step, hop->hop * sizeof(float));
    if (rows > hop->channels)
        mean_of(hop->channels, hop->size, hop->hop, newest, newest + (long)hop->channels * hop->size);
    hop->end += hop->hop;
}

static Points spectrum_of(const Hop *hop, int channel) {
    float *real = hop->spectra + 2L * channel * hop->bins;
    return (Points){real, real + hop->bins};
}

static void magnitudes_of(Points spectrum, int bins, float *restrict magnitudes) {
    const float *restrict real = spectrum.real, *restrict imaginary = spectrum.imaginary;
    for (int i = 0; i < bins; i++) magnitudes[i] = sqrtf(real[i] * real[i] + imaginary[i] * imaginary[i]);
}

/* Spectra of the channels. */
static void analyse(const Hop *hop) {
    for (int channel = 0; channel < hop->channels; channel++)
        transform_forward(hop->forward, hop->line + (long)channel * hop->size + hop->end - hop->forward->length,
                          spectrum_of(hop, channel));
}

/* What the step looks at: magnitudes of the mid signal in every window. */
static void observe(const Hop *hop) {
    const Points scratch = {hop->scratch, hop->scratch + hop->most_bins};
    mean_of(hop->channels, 2L * hop->bins, hop->bins, spectrum_of(hop, 0).real, scratch.real);
    mean_of(hop->channels, 2L * hop->bins, hop->bins, spectrum_of(hop, 0).imaginary, scratch.imaginary);
    magnitudes_of(scratch, hop->bins, hop->magnitudes[0]);
    const float *mid_end = hop->line + (hop->channels > 1) * (long)hop->channels * hop->size + hop->end;
    for (int window = 1; window < hop->windows; window++) {
        const Transform *plan = &hop->forward[window];
        transform_forward(plan, mid_end - plan->length, scratch);
        magnitudes_of(scratch, plan->length / 2 + 1, hop->magnitudes[window]);
    }
}

static void weigh(int stems, int bins, const float *estimates, int row, const float *weights, float *restrict sum) {
    memset(sum, 0, bins * sizeof(float));
    for (int stem = 0; stem < stems; stem++)
        for (int i = 0; i < bins; i++) sum[i] += weights[stem] * (estimates[(long)stem * row + i] + FLOOR);
}

static void divide_by(const float *restrict below, int bins, float *restrict above) {
    for (int i = 0; i < bins; i++) above[i] /= below[i];
}

/* Eq. 8 for every output; weights are those of mask.py. */
static void mask(const Hop *hop, const float *weights) {
    for (int output = 0; output < hop->outputs; output++) {
        const float *above = weights + output * hop->stems, *below = above + hop->outputs * hop->stems;
        float *masks = hop->masks + output * hop->bins;
        weigh(hop->stems, hop->bins, hop->estimates, hop->estimate_row, above, masks);
        weigh(hop->stems, hop->bins, hop->estimates, hop->estimate_row, below, hop->sums);
        divide_by(hop->sums, hop->bins, masks);
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
static void overlap_add(const Hop *hop, float *restrict tail, float *restrict out) {
    const long next = (long)hop->outputs * hop->channels * hop->hop; /* from the tail of one hop to that of the next */
    const int parts = hop->synthesis / hop->hop;
    const float *restrict frame = hop->frame;
    for (int i = 0; i < hop->hop; i++) out[i] = frame[i] + tail[i];
    for (int part = 1; part < parts - 1; part++)
        for (int i = 0; i < hop->hop; i++) tail[(part - 1) * next + i] = frame[part * hop->hop + i] + tail[part * next + i];
    memcpy(tail + (parts - 2) * next, frame + (parts - 1) * hop->hop, hop->hop * sizeof(float));
}

static void synthesise(const Hop *hop, float *out, int64_t row_step) {
    const Points scratch = {hop->scratch, hop->scratch + hop->most_bins};
    for (int output = 0; output < hop->outputs; output++)
        for (int channel = 0; channel < hop->channels; channel++) {
            const int row = output * hop->channels + channel;
            masked(spectrum_of(hop, channel), hop->masks + output * hop->bins, hop->bins, scratch);
            transform_inverse(hop->inverse, scratch, hop->frame);
            overlap_add(hop, hop->tails + (long)row * hop->hop, out + row * row_step);
        }
}

int rtsep_hop_size(void) {
    return (int)sizeof(Hop);
}

/* Separate some hops: block (channels, ...) to out (outputs, channels, hops * hop). The weights of the masks are those
 * of each hop, or of all where `weights_step` is 0; without weights the latest masks hold, and the step does not run. */
void rtsep_hops(Hop *hop, int hops, const float *block, int64_t channel_step, const float *weights,
                int64_t weights_step, float *out) {
    const uint64_t mode = denormals_off();
    for (int i = 0; i < hops; i++) {
        take(hop, block + (long)i * hop->hop, channel_step);
        analyse(hop);
        if (weights) {
            observe(hop);
            run_nodes(hop->step, hop->nodes);
            mask(hop, weights + i * weights_step);
        }
        synthesise(hop, out + (long)i * hop->hop, (int64_t)hops * hop->hop);
    }
    restore_mode(mode);
}
