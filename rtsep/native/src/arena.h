/* One piece of memory for all that a separator has: asked for twice, first to be counted, then to be placed. */
#ifndef RTSEP_ARENA_H
#define RTSEP_ARENA_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__) /* sees what leaves a piece: there is poison between them */
#include <sanitizer/asan_interface.h>
enum { APART = 64 };
#else
#define ASAN_POISON_MEMORY_REGION(begin, size) (void)(begin)
enum { APART = 0 };
#endif

typedef struct {
    uint8_t *begin; /* NULL while it is counted */
    size_t used;
} Arena;

enum { LINE = 64 }; /* bytes of a line of the caches */

/* Take room that begins at a line; NULL while it is counted. */
static inline void *take(Arena *arena, size_t count, size_t size) {
    const size_t bytes = count * size, lines = (bytes + LINE - 1) / LINE * LINE;
    uint8_t *place = arena->begin ? arena->begin + arena->used : NULL;
    arena->used += lines + APART;
    if (place) ASAN_POISON_MEMORY_REGION(place + bytes, lines - bytes + APART);
    return place;
}

static inline float *take_floats(Arena *arena, size_t count) {
    return take(arena, count, sizeof(float));
}

#endif
