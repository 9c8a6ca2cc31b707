/* Windows and tables of the transforms, made once for a stream; rtsep/dsp/windows.py says what they are. */
#ifndef RTSEP_TABLES_H
#define RTSEP_TABLES_H

#include "arena.h"
#include "program.h"

/* Tables for windowed samples to a spectrum; `length` is a power of two from 64 on, `synthesis` its pair's length. */
void make_forward(rtsep_Transform *transform, Arena *arena, int length, int synthesis);

/* Tables for a spectrum to the last `synthesis` samples, windowed so that they overlap-add to one at the hop. */
void make_inverse(rtsep_Transform *transform, Arena *arena, int length, int synthesis, int hop);

#endif
