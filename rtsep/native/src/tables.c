/* Windows and tables of the transforms. */
#include "tables.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

/* A slow rise, then the fall of the last half of a root-Hann window of `synthesis`. */
static double analysis_window(int length, int synthesis, int at) {
    const int rise = length - synthesis / 2;
    if (at < rise) return sin(0.5 * PI * at / rise);
    return sin(PI * (synthesis / 2 + at - rise) / synthesis);
}

/* What makes the end of the analysis window a Hann window that overlap-adds to one. */
static float synthesis_window(int length, int synthesis, int hop, int at) {
    const double hann = 0.5 - 0.5 * cos(2.0 * PI * at / synthesis), overlap = (double)synthesis / (2 * hop);
    const float analysis = (float)analysis_window(length, synthesis, length - synthesis + at);
    return hann > 0.0 ? (float)(hann / (overlap * (double)analysis)) : 0.0f;
}

static int columns_of(int points) {
    int bits = 0;
    while (points >> (bits + 1)) bits++;
    return 1 << bits / 2;
}

static void make_common(rtsep_Transform *transform, Arena *arena, int length, int windowed) {
    const int points = length / 2, columns = columns_of(points), quarter = length / 4;
    float *cosines = take_floats(arena, (size_t)quarter + 1), *sines = take_floats(arena, (size_t)quarter + 1);
    float *real = take_floats(arena, (size_t)points), *imaginary = take_floats(arena, (size_t)points);
    if (!arena->begin) return;
    for (int k = 0; k <= quarter; k++) {
        cosines[k] = (float)cos(2.0 * PI / length * k);
        sines[k] = (float)sin(2.0 * PI / length * k);
    }
    for (int column = 0, i = 0; column < columns; column++)
        for (int row = 0; row < points / columns; row++, i++) {
            const double angle = 2.0 * PI / points * column * row;
            real[i] = (float)cos(angle);
            imaginary[i] = (float)-sin(angle);
        }
    *transform = (rtsep_Transform){.length = length, .columns = columns, .windowed = windowed, .cosines = cosines,
                                   .sines = sines, .twiddle_real = real, .twiddle_imaginary = imaginary};
}

void make_forward(rtsep_Transform *transform, Arena *arena, int length, int synthesis) {
    float *window = take_floats(arena, (size_t)length);
    make_common(transform, arena, length, length);
    if (!arena->begin) return;
    for (int i = 0; i < length; i++) window[i] = (float)analysis_window(length, synthesis, i);
    transform->window = window;
}

void make_inverse(rtsep_Transform *transform, Arena *arena, int length, int synthesis, int hop) {
    float *window = take_floats(arena, (size_t)synthesis);
    make_common(transform, arena, length, synthesis);
    if (!arena->begin) return;
    for (int i = 0; i < synthesis; i++)
        window[i] = synthesis_window(length, synthesis, hop, i) / (float)length;
    transform->window = window;
}
