/* The transform of a real signal and back, see transform.c. */
#ifndef RTSEP_TRANSFORM_H
#define RTSEP_TRANSFORM_H

#include <stdint.h>

typedef struct { float *real, *imaginary; } Points;

typedef struct {
    int32_t length, columns;    /* samples of the signal; columns of the matrix of length / 2 points */
    int32_t windowed, unused;   /* samples that the window has */
    const float *window;        /* forward: of all samples. Back: of the last ones, divided by the length */
    const float *cosines, *sines; /* of 2 pi k / length, k to length / 4 */
    const float *turn_real, *turn_imaginary; /* for each column, each row: exp(-2 pi i column row / points) */
    float *work;                /* 4 numbers for each point */
} Transform;

/* Windowed samples to a spectrum of length / 2 + 1 bins. */
void transform_forward(const Transform *plan, const float *samples, Points spectrum);

/* A spectrum to the last samples, as many as the window has, windowed. */
void transform_inverse(const Transform *plan, Points spectrum, float *samples);

#endif
