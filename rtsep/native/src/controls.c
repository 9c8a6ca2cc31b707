/* Controls and gains. */
#include "controls.h"

#include <string.h>

/* As rtsep/controls/table.py has them: the highest value, the one at rest, whether every stem has one. */
static const struct {
    float highest, rest;
    int per_stem;
} table[RTSEP_CONTROLS] = {
    [RTSEP_MASK_GAIN] = {1000.0f, 1.0f, 0}, [RTSEP_WET] = {1.0f, 1.0f, 0}, [RTSEP_BYPASS] = {1.0f, 0.0f, 0},
    [RTSEP_LEVEL] = {4.0f, 1.0f, 1}, [RTSEP_MUTE] = {1.0f, 0.0f, 1}, [RTSEP_SOLO] = {1.0f, 0.0f, 1},
};

/* A word that other threads read and write meanwhile: the old or the new one is seen, never half of each. */
#if defined(__GNUC__)
static int32_t load(const int32_t *word) {
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}
static void store(int32_t *word, int32_t bits) {
    __atomic_store_n(word, bits, __ATOMIC_RELAXED);
}
#else
static int32_t load(const int32_t *word) {
    return *(const volatile int32_t *)word;
}
static void store(int32_t *word, int32_t bits) {
    *(volatile int32_t *)word = bits;
}
#endif

static void put(Controls *controls, int control, int stem, float value) {
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    store(&controls->bits[control][stem], bits);
}

void controls_init(Controls *controls, int stems) {
    controls->stems = stems;
    for (int control = 0; control < RTSEP_CONTROLS; control++)
        for (int stem = 0; stem < MOST_STEMS; stem++) put(controls, control, stem, table[control].rest);
}

static int exists(const Controls *controls, rtsep_Control control, int stem) {
    return (int)control >= 0 && control < RTSEP_CONTROLS &&
           (!table[control].per_stem || (stem >= 0 && stem < controls->stems));
}

rtsep_Error controls_set(Controls *controls, rtsep_Control control, int stem, float value) {
    if (!exists(controls, control, stem) || !(value >= 0.0f && value <= table[control].highest))
        return RTSEP_BAD_CONTROL;
    put(controls, control, table[control].per_stem ? stem : 0, value);
    return RTSEP_OK;
}

float controls_get(const Controls *controls, rtsep_Control control, int stem) {
    float value = 0.0f;
    if (!exists(controls, control, stem)) return value;
    const int32_t bits = load(&controls->bits[control][table[control].per_stem ? stem : 0]);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Gain at which a stem is heard: 0 where it is muted, soloed or not, and where others are soloed and it is not. */
static float gain_of(const Controls *controls, int stem) {
    int soloed = 0;
    for (int other = 0; other < controls->stems; other++)
        soloed = soloed || controls_get(controls, RTSEP_SOLO, other) != 0.0f;
    if (controls_get(controls, RTSEP_MUTE, stem) != 0.0f) return 0.0f;
    if (soloed && controls_get(controls, RTSEP_SOLO, stem) == 0.0f) return 0.0f;
    return controls_get(controls, RTSEP_LEVEL, stem);
}

void gains_init(Gains *gains, Arena *arena, int stems, int ramp_frames, int frames) {
    gains->stems = stems;
    gains->frames = frames;
    gains->values = take_floats(arena, (size_t)(stems + 1) * (size_t)frames);
    for (int i = 0; i <= stems; i++) ramp_init(&gains->ramps[i], arena, ramp_frames);
}

void gains_reset(Gains *gains) {
    for (int i = 0; i <= gains->stems; i++) ramp_reset(&gains->ramps[i]);
}

void gains_aim(Gains *gains, const Controls *controls) {
    const int bypassed = controls_get(controls, RTSEP_BYPASS, 0) != 0.0f;
    const float wet = bypassed ? 0.0f : controls_get(controls, RTSEP_WET, 0);
    for (int stem = 0; stem < gains->stems; stem++)
        ramp_aim(&gains->ramps[stem], wet * gain_of(controls, stem));
    ramp_aim(&gains->ramps[gains->stems], 1.0f - wet);
}

int gains_idle(const Gains *gains) {
    int idle = 1;
    for (int i = 0; i <= gains->stems; i++)
        idle = idle && ramp_rests(&gains->ramps[i]) && gains->ramps[i].target == (i < gains->stems ? 1.0f : 0.0f);
    return idle;
}

void gains_next(Gains *gains, int frames) {
    for (int i = 0; i <= gains->stems; i++)
        for (int frame = 0; frame < frames; frame++)
            gains->values[i * gains->frames + frame] = ramp_next(&gains->ramps[i]);
}
