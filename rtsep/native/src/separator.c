/* A stream: blocks of any size to hops, hops through the model, sound back to blocks, and the controls. */
#include "float_mode.h"
#include "separator.h"

#include <math.h>
#include <string.h>

static const float LOUDEST = 1e6f; /* 120 dB above full scale: no sound, and its square would overflow */

static int gcd(int a, int b) {
    return b ? gcd(b, a % b) : a;
}

static int least(int a, int b) {
    return a < b ? a : b;
}

static int is_sound(const rtsep_Separator *separator, const float *const *in, int frames) {
    int good = 1;
    for (int channel = 0; channel < separator->channels; channel++)
        for (int i = 0; i < frames; i++) good &= fabsf(in[channel][i]) <= LOUDEST;
    return good;
}

/* Take some frames into the hop that comes in, and into the past; zeros where there is no input. */
static void take_in(rtsep_Separator *separator, const float *const *in, int begin, int count) {
    const int hop = separator->model.hop, size = separator->past_size;
    const int first = least(count, size - separator->past_at);
    for (int channel = 0; channel < separator->channels; channel++) {
        float *pending = separator->pending + channel * hop + separator->pending_frames;
        float *past = separator->past + channel * size;
        if (in) memcpy(pending, in[channel] + begin, (size_t)count * sizeof(float));
        else memset(pending, 0, (size_t)count * sizeof(float));
        memcpy(past + separator->past_at, pending, (size_t)first * sizeof(float));
        memcpy(past, pending + first, (size_t)(count - first) * sizeof(float));
    }
    separator->pending_frames += count;
    separator->past_at = (separator->past_at + count) % size;
}

/* Weights of the masks of the next hop, as mask.py has them: above, then below the line of Eq. 8. */
static void weigh(rtsep_Separator *separator) {
    const int stems = separator->model.stems, size = separator->outputs * stems;
    ramp_aim(&separator->mask_gain, controls_get(&separator->controls, RTSEP_MASK_GAIN, 0));
    const float gain = ramp_next(&separator->mask_gain);
    for (int i = 0; i < size; i++) {
        const float requested = separator->requested[i / stems][i % stems];
        separator->weights[i] = requested;
        separator->weights[size + i] = requested + gain * (1.0f - requested);
    }
}

/* Separate the hop that has come in; the older sound makes room. */
static void separate(rtsep_Separator *separator) {
    float *older = separator->sound[0];
    weigh(separator);
    rtsep_hops(separator->variant, &separator->plan, &separator->state, 1, separator->pending, separator->model.hop,
               separator->weights, 0, older);
    separator->sound[0] = separator->sound[1];
    separator->sound[1] = older;
    separator->ready_at -= separator->model.hop;
    separator->pending_frames = 0;
}

/* Frames that can be taken in and given at once: to the end of the hop that comes in, or of the sound that goes. */
static int stretch(const rtsep_Separator *separator, int frames) {
    const int hop = separator->model.hop;
    return least(frames, least(hop - separator->pending_frames, hop - separator->ready_at % hop));
}

/* The next frames of one row: the sound at its gain, and an even share of the mixture at its own. */
static void mix(const rtsep_Separator *separator, int row, int count, const float *restrict sound,
                float *restrict out) {
    const int hop = separator->model.hop, outputs = separator->outputs, size = separator->past_size;
    const float *gain = separator->gains.values + row / separator->channels * hop;
    const float *dry = separator->gains.values + outputs * hop;
    const float *past = separator->past + row % separator->channels * size;
    int at = (separator->past_at + hop - count) % size; /* as late as the sound */
    for (int i = 0; i < count; i++) {
        out[i] = sound[i] * gain[i] + dry[i] / (float)outputs * past[at];
        at = at + 1 < size ? at + 1 : 0;
    }
}

/* Give the next frames, which lie in one hop, to the rows that somebody listens to. */
static void give(rtsep_Separator *separator, float *const *out, int begin, int count) {
    const int hop = separator->model.hop, idle = gains_idle(&separator->gains);
    const float *sound = separator->sound[separator->ready_at / hop] + separator->ready_at % hop;
    if (!idle) gains_next(&separator->gains, count);
    for (int row = 0; row < separator->outputs * separator->channels; row++) {
        if (!out[row]) continue;
        if (idle) memcpy(out[row] + begin, sound + row * hop, (size_t)count * sizeof(float));
        else mix(separator, row, count, sound + row * hop, out[row] + begin);
    }
    separator->ready_at += count;
}

rtsep_Error rtsep_process(rtsep_Separator *separator, const float *const *in, float *const *out, int frames) {
    if (frames < 0 || (separator->blocksize && frames % separator->blocksize)) return RTSEP_BAD_BLOCK;
    const uint64_t mode = denormals_off();
    if (!is_sound(separator, in, frames)) {
        separator->bad_blocks++;
        in = NULL;
    }
    gains_aim(&separator->gains, &separator->controls);
    for (int done = 0, count; done < frames; done += count) {
        count = stretch(separator, frames - done);
        take_in(separator, in, done, count);
        if (separator->pending_frames == separator->model.hop) separate(separator);
        give(separator, out, done, count);
    }
    restore_mode(mode);
    return RTSEP_OK;
}

/* Latency of the model, in frames, of which whole hops in step with the blocks save one block. */
static int own_latency(const FlatHeader *model) {
    return model->synthesis + model->look_ahead * model->hop;
}

void rtsep_reset(rtsep_Separator *separator) {
    const FlatHeader *model = &separator->model;
    const size_t hop = (size_t)model->hop, channels = (size_t)separator->channels;
    const size_t outputs = (size_t)separator->outputs, bins = (size_t)separator->plan.bins;
    flat_clear(&separator->program, model);
    separator->state.end = separator->plan.longest;
    separator->state.newest = separator->state.pair = 0;
    memset(separator->state.pair_sums, 0, 3 * sizeof(float));
    memset(separator->state.spectra, 0, (size_t)(1 + model->look_ahead) * channels * 2 * bins * sizeof(float));
    memset(separator->state.history, 0, channels * (size_t)separator->plan.history_size * sizeof(float));
    memset(separator->state.tails, 0, (size_t)(model->synthesis - model->hop) * outputs * channels * sizeof(float));
    for (size_t i = 0; i < outputs * bins; i++) separator->state.masks[i] = 1.0f / (float)outputs;
    for (int i = 0; i < 2; i++) memset(separator->sound[i], 0, outputs * channels * hop * sizeof(float));
    memset(separator->past, 0, channels * (size_t)separator->past_size * sizeof(float));
    separator->pending_frames = separator->past_at = 0;
    separator->ready_at = model->hop + own_latency(model) - rtsep_latency(separator);
    ramp_reset(&separator->mask_gain);
    gains_reset(&separator->gains);
}

int rtsep_latency(const rtsep_Separator *separator) {
    const int aligned = separator->blocksize ? gcd(separator->blocksize, separator->model.hop) : 0;
    return own_latency(&separator->model) - aligned;
}

int rtsep_samplerate(const rtsep_Separator *separator) {
    return separator->samplerate;
}

int rtsep_channels(const rtsep_Separator *separator) {
    return separator->channels;
}

int rtsep_stems(const rtsep_Separator *separator) {
    return separator->outputs;
}

const char *rtsep_stem(const rtsep_Separator *separator, int index) {
    return index >= 0 && index < separator->outputs ? separator->name[index] : NULL;
}

rtsep_Error rtsep_set(rtsep_Separator *separator, rtsep_Control control, int stem, float value) {
    return controls_set(&separator->controls, control, stem, value);
}

float rtsep_get(const rtsep_Separator *separator, rtsep_Control control, int stem) {
    return controls_get(&separator->controls, control, stem);
}

int rtsep_bad_blocks(const rtsep_Separator *separator) {
    return separator->bad_blocks;
}

int rtsep_spoilt_hops(const rtsep_Separator *separator) {
    return separator->state.spoilt;
}

const char *rtsep_message(rtsep_Error error) {
    switch (error) {
    case RTSEP_OK: return "it worked";
    case RTSEP_NO_FILE: return "the file cannot be read: give a flat model file that exists and that you may read";
    case RTSEP_NO_MODEL: return "this is no flat model file: make one with rtsep models --flatten NAME";
    case RTSEP_OTHER_VERSION: return "a flat model file of another version: make it anew with rtsep models --flatten";
    case RTSEP_DAMAGED: return "the model file is damaged, its checksum is wrong: make or copy it anew";
    case RTSEP_MALFORMED: return "the model file says what cannot be: make it anew with rtsep models --flatten";
    case RTSEP_NO_MEMORY: return "there is not enough memory for this model: close another program";
    case RTSEP_BAD_RATE: return "the model does not run at this sample rate: use its own, or one from 40 to 50 kHz";
    case RTSEP_BAD_CHANNELS: return "channels are 1 to 64";
    case RTSEP_BAD_BLOCKSIZE: return "a blocksize is 1 or more frames, or 0 for any";
    case RTSEP_BAD_STEMS: return "name stems of the model, each once; rest needs one beside it, and not all";
    case RTSEP_BAD_CONTROL: return "there is no such control or stem, or its value is out of range";
    case RTSEP_BAD_BLOCK: return "a block came whose frames are no multiple of the blocksize that was promised";
    }
    return "unknown error";
}
