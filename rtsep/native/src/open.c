/* Opening a separator: a file and options are checked, then all of its memory is taken at once. */
#include "separator.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#include <windows.h>
enum { MOST_LETTERS = 4096 }; /* of a path */
#endif

enum { MOST_CHANNELS = 64, SPARE_HOPS = 32, LEAST_FREE_RATE = 40000, MOST_FREE_RATE = 50000 };
static const double RAMP_S = 20.0 / 1e3;
static const char REST[1][40] = {"rest"}; /* an output of all stems that are not named beside it */

static int is_free(int rate) {
    return rate >= LEAST_FREE_RATE && rate <= MOST_FREE_RATE;
}

static int index_of(const char *name, size_t length, const char (*names)[40], int count) {
    for (int i = 0; i < count; i++)
        if (strlen(names[i]) == length && !strncmp(names[i], name, length)) return i;
    return -1;
}

/* Read the list of outputs; `fill_requested` says what they are made of. */
static rtsep_Error name_outputs(rtsep_Separator *separator, const char *list) {
    const FlatHeader *model = &separator->model;
    if (!list) {
        memcpy(separator->name, model->stem, sizeof separator->name);
        separator->outputs = model->stems;
        return RTSEP_OK;
    }
    for (const char *name = list, *end; name; name = *end ? end + 1 : NULL) {
        end = name + strcspn(name, ",");
        const size_t length = (size_t)(end - name);
        const int known = index_of(name, length, model->stem, model->stems) >= 0 || index_of(name, length, REST, 1) >= 0;
        if (length == 0 || length >= sizeof *separator->name || !known || separator->outputs == MOST_STEMS ||
            index_of(name, length, (const char (*)[40])separator->name, separator->outputs) >= 0)
            return RTSEP_BAD_STEMS;
        memcpy(separator->name[separator->outputs], name, length);
        separator->name[separator->outputs++][length] = 0;
    }
    return RTSEP_OK;
}

/* Say which stems of the model each output is made of; `rest` of those that are not named beside it. */
static rtsep_Error fill_requested(rtsep_Separator *separator) {
    const FlatHeader *model = &separator->model;
    int left[MOST_STEMS], named = 0, rest = -1;
    for (int stem = 0; stem < model->stems; stem++) left[stem] = 1;
    for (int output = 0; output < separator->outputs; output++) {
        const char *name = separator->name[output];
        const int stem = index_of(name, strlen(name), model->stem, model->stems);
        if (!strcmp(name, *REST)) {
            rest = output;
            continue;
        }
        separator->requested[output][stem] = 1.0f;
        left[stem] = 0;
        named++;
    }
    if (rest < 0) return RTSEP_OK;
    for (int stem = 0; stem < model->stems; stem++) separator->requested[rest][stem] = (float)left[stem];
    return named > 0 && named < model->stems ? RTSEP_OK : RTSEP_BAD_STEMS;
}

static const rtsep_Variant *best_variant(void) {
    const rtsep_Variant *variant = NULL;
    for (int i = 0; !variant && i < rtsep_variants(); i++) variant = rtsep_variant(i);
    return variant; /* the last one runs on any processor */
}

rtsep_Error separator_plan(rtsep_Separator *separator, const rtsep_Options *options) {
    const int own = separator->model.samplerate;
    separator->samplerate = options->samplerate ? options->samplerate : own;
    separator->channels = options->channels ? options->channels : 2;
    separator->blocksize = options->blocksize;
    separator->variant = best_variant();
    if (separator->samplerate != own && !(is_free(own) && is_free(separator->samplerate))) return RTSEP_BAD_RATE;
    if (separator->channels < 1 || separator->channels > MOST_CHANNELS) return RTSEP_BAD_CHANNELS;
    if (separator->blocksize < 0) return RTSEP_BAD_BLOCKSIZE;
    const rtsep_Error error = name_outputs(separator, options->stems);
    return error ? error : fill_requested(separator);
}

static void take_transforms(rtsep_Separator *separator, Arena *arena) {
    const FlatHeader *model = &separator->model;
    make_forward(&separator->forward, arena, model->analysis, model->synthesis);
    make_inverse(&separator->inverse, arena, model->analysis, model->synthesis, model->hop);
    for (int i = 0; i < model->contexts; i++)
        make_forward(&separator->contexts[i], arena, model->context[i], model->synthesis);
}

static int longest_of(const FlatHeader *model) {
    int longest = model->analysis;
    for (int i = 0; i < model->contexts; i++) longest = model->context[i] > longest ? model->context[i] : longest;
    return longest;
}

static void take_state(rtsep_Separator *separator, Arena *arena) {
    const FlatHeader *model = &separator->model;
    const size_t bins = (size_t)model->analysis / 2 + 1, longest = (size_t)longest_of(model);
    const size_t channels = (size_t)separator->channels, outputs = (size_t)separator->outputs;
    rtsep_State *state = &separator->state;
    state->masks = take_floats(arena, outputs * bins);
    state->sums = take_floats(arena, bins);
    state->spectra = take_floats(arena, (size_t)(1 + model->look_ahead) * channels * 2 * bins);
    state->scratch = take_floats(arena, 2 * (longest / 2 + 1));
    state->frame = take_floats(arena, (size_t)model->synthesis);
    state->work = take_floats(arena, 2 * longest);
    state->mid = take_floats(arena, longest);
    state->pair_sums = take_floats(arena, 3);
    state->tails = take_floats(arena, (size_t)(model->synthesis - model->hop) * outputs * channels);
    state->history = take_floats(arena, channels * (longest + SPARE_HOPS * (size_t)model->hop));
}

static void take_stream(rtsep_Separator *separator, Arena *arena) {
    const size_t hop = (size_t)separator->model.hop, channels = (size_t)separator->channels;
    separator->past_size = rtsep_latency(separator) + separator->model.hop;
    separator->pending = take_floats(arena, channels * hop);
    separator->past = take_floats(arena, channels * (size_t)separator->past_size);
    for (int i = 0; i < 2; i++) separator->sound[i] = take_floats(arena, (size_t)separator->outputs * channels * hop);
    const double ramp = RAMP_S * separator->samplerate;
    const int hops = (int)rint(ramp / separator->model.hop);
    ramp_init(&separator->mask_gain, arena, hops > 1 ? hops : 1);
    gains_init(&separator->gains, arena, separator->outputs, (int)rint(ramp), separator->model.hop);
}

void separator_take(rtsep_Separator *separator, Arena *arena) {
    flat_take(&separator->program, &separator->model, arena);
    take_transforms(separator, arena);
    take_state(separator, arena);
    take_stream(separator, arena);
}

static void fill_features(rtsep_Separator *separator) {
    const FlatHeader *model = &separator->model;
    for (int i = 0; i < model->features; i++) {
        const int context = i >= 1 && i <= model->contexts, relation = i - 1 - model->contexts;
        const rtsep_Transform *transform = context ? &separator->contexts[i - 1] : &separator->forward;
        const int size = context ? (model->stereo ? RTSEP_CONTEXT : RTSEP_MID_CONTEXT)
                                 : (model->stereo ? RTSEP_MAGNITUDE : RTSEP_MID_MAGNITUDE);
        separator->features[i] = (rtsep_Feature){.kind = relation >= 0 ? RTSEP_CROSS + relation : size,
                                                 .bins = transform->length / 2 + 1, .transform = transform,
                                                 .values = (float *)(separator->program.image + model->feature[i])};
    }
}

static void fill_plan(rtsep_Separator *separator) {
    const FlatHeader *model = &separator->model;
    const int longest = longest_of(model);
    separator->plan = (rtsep_Plan){
        .hop = model->hop, .synthesis = model->synthesis, .bins = model->analysis / 2 + 1,
        .channels = separator->channels, .outputs = separator->outputs, .stems = model->stems,
        .features = model->features, .nodes = model->nodes, .longest = longest,
        .history_size = longest + SPARE_HOPS * model->hop, .scratch_bins = longest / 2 + 1, .states = model->states,
        .look_ahead = model->look_ahead, .estimates_row = (ptrdiff_t)model->estimates_row, .forward = &separator->forward,
        .inverse = &separator->inverse, .feature = separator->features, .node = separator->program.nodes,
        .clear = separator->program.clear, .estimates = (float *)(separator->program.image + model->estimates)};
}

/* Copy what was planned into memory of its own, and load the program. */
static rtsep_Error build(const rtsep_Separator *planned, const uint8_t *file, rtsep_Separator **separator) {
    rtsep_Separator counted = *planned;
    Arena arena = {NULL, 0};
    take(&arena, 1, sizeof *planned);
    separator_take(&counted, &arena);
    uint8_t *memory = calloc(1, arena.used + 2 * LINE);
    if (!memory) return RTSEP_NO_MEMORY;
    uint8_t *begin = memory + LINE + (LINE - (uintptr_t)memory % LINE) % LINE;
    memcpy(begin - sizeof memory, &memory, sizeof memory); /* for rtsep_close */
    arena = (Arena){begin, 0};
    rtsep_Separator *made = take(&arena, 1, sizeof *made);
    *made = *planned;
    separator_take(made, &arena);
    const rtsep_Error error = flat_load(&made->program, &made->model, file, made->variant);
    if (error) {
        rtsep_close(made);
        return error;
    }
    fill_features(made);
    fill_plan(made);
    controls_init(&made->controls, made->outputs);
    rtsep_reset(made);
    *separator = made;
    return RTSEP_OK;
}

rtsep_Error rtsep_open_memory(const void *file, size_t size, const rtsep_Options *options,
                              rtsep_Separator **separator) {
    const rtsep_Options defaults = {0};
    rtsep_Separator *planned = calloc(1, sizeof *planned);
    *separator = NULL;
    if (!planned) return RTSEP_NO_MEMORY;
    rtsep_Error error = flat_read(&planned->model, file, size);
    if (!error) error = separator_plan(planned, options ? options : &defaults);
    if (!error) error = build(planned, file, separator);
    free(planned);
    return error;
}

#if defined(_WIN32) /* whose fopen knows only the letters of one language */
static FILE *open_file(const char *path) {
    wchar_t wide[MOST_LETTERS];
    if (!MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, MOST_LETTERS)) return NULL;
    return _wfopen(wide, L"rb");
}
#else
static FILE *open_file(const char *path) {
    return fopen(path, "rb");
}
#endif

/* Read a file whole; NULL where it cannot be read, or is larger than a model can be, as a folder seems to be. */
static uint8_t *read_file(const char *path, size_t *size) {
    FILE *file = open_file(path);
    uint8_t *bytes = NULL;
    if (!file) return NULL;
    const long end = fseek(file, 0, SEEK_END) ? -1 : ftell(file);
    if (end >= 0 && end <= MOST_BYTES && !fseek(file, 0, SEEK_SET)) bytes = malloc((size_t)end + 1);
    *size = bytes ? fread(bytes, 1, (size_t)end, file) : 0;
    fclose(file);
    return bytes;
}

rtsep_Error rtsep_open(const char *path, const rtsep_Options *options, rtsep_Separator **separator) {
    size_t size = 0;
    uint8_t *file = read_file(path, &size);
    *separator = NULL;
    if (!file) return RTSEP_NO_FILE;
    const rtsep_Error error = rtsep_open_memory(file, size, options, separator);
    free(file);
    return error;
}

void rtsep_close(rtsep_Separator *separator) {
    uint8_t *memory;
    if (!separator) return;
    memcpy(&memory, (uint8_t *)separator - sizeof memory, sizeof memory);
    free(memory);
}
