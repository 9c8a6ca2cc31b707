/* rtsep for programs in C: live sound in, the stems of the mixture out, a fixed latency later.
 *
 * A model is one flat file, which `rtsep models --flatten NAME` writes. All memory is taken by rtsep_open and given back
 * by rtsep_close; in between nothing allocates, locks, or calls the system, so rtsep_process may run in the callback of
 * a sound card. A separator belongs to one thread at a time, but any thread may set its controls meanwhile; several
 * separators have nothing in common. Sound is float, full scale 1, a row for each channel.
 */
#ifndef RTSEP_H
#define RTSEP_H

#include <stddef.h>

#if defined(RTSEP_INSIDE) /* it is a part of another library, which shows nothing of it */
#define RTSEP_API
#elif defined(_WIN32)
#define RTSEP_API __declspec(dllexport)
#elif defined(__GNUC__)
#define RTSEP_API __attribute__((visibility("default")))
#else
#define RTSEP_API
#endif

#if defined(__cplusplus)
extern "C" {
#endif

/* What a call came to; rtsep_message says it in a sentence. */
typedef enum {
    RTSEP_OK,
    RTSEP_NO_FILE,        /* the file cannot be read */
    RTSEP_NO_MODEL,       /* it is no flat model file */
    RTSEP_OTHER_VERSION,  /* it is one of another version */
    RTSEP_DAMAGED,        /* its checksum is wrong */
    RTSEP_MALFORMED,      /* what it says cannot be */
    RTSEP_NO_MEMORY,
    RTSEP_BAD_RATE,       /* the model does not run at this sample rate */
    RTSEP_BAD_CHANNELS,   /* channels are 1 to 64 */
    RTSEP_BAD_BLOCKSIZE,  /* a blocksize is 1 or more frames, or 0 for any */
    RTSEP_BAD_STEMS,      /* a stem is unknown or comes twice, or `rest` has nothing beside it, or all */
    RTSEP_BAD_CONTROL,    /* no such control or stem, or a value out of range */
    RTSEP_BAD_BLOCK       /* the frames of a block are no multiple of the blocksize */
} rtsep_Error;

/* What can be set while the music plays; values are linear. The last three are of one stem. */
typedef enum {
    RTSEP_MASK_GAIN,      /* 0 to 1000: how hard the mask pulls; 1 is the model's own, 0 lets everything through */
    RTSEP_WET,            /* 0 to 1: the untouched mixture, as late as the stems, to the separated sound */
    RTSEP_BYPASS,         /* 0 or 1 */
    RTSEP_LEVEL,          /* 0 to 4 */
    RTSEP_MUTE,           /* 0 or 1 */
    RTSEP_SOLO,           /* 0 or 1 */
    RTSEP_CONTROLS
} rtsep_Control;

typedef struct {
    int samplerate;       /* Hz; 0 for the model's own. From 40 to 50 kHz a model runs at any rate. */
    int channels;         /* 0 for two */
    int blocksize;        /* frames of which every block is a multiple: lowers the latency. 0 for any. */
    const char *stems;    /* the requested ones, with commas between, in this order; `rest` is all others. NULL for all. */
} rtsep_Options;

typedef struct rtsep_Separator rtsep_Separator;

/* Open a model from a file, whose path is in UTF-8, or from one in memory, which may go afterwards. Everything in it is
 * checked here. Without options the defaults hold. */
RTSEP_API rtsep_Error rtsep_open(const char *path, const rtsep_Options *options, rtsep_Separator **separator);
RTSEP_API rtsep_Error rtsep_open_memory(const void *file, size_t size, const rtsep_Options *options,
                                        rtsep_Separator **separator);

/* Give all memory back; NULL is allowed. */
RTSEP_API void rtsep_close(rtsep_Separator *separator);

/* Frames by which the output lags the input. */
RTSEP_API int rtsep_latency(const rtsep_Separator *separator);

RTSEP_API int rtsep_samplerate(const rtsep_Separator *separator);
RTSEP_API int rtsep_channels(const rtsep_Separator *separator);

/* Number of stems, and their names; NULL where there is none. */
RTSEP_API int rtsep_stems(const rtsep_Separator *separator);
RTSEP_API const char *rtsep_stem(const rtsep_Separator *separator, int index);

/* Separate the next block. `in` has a row for each channel, `out` one for each channel of each stem, stem by stem; a
 * row of `out` may be one of `in`, or NULL where nobody listens. A block that holds a sample that is no number, or is
 * beyond 120 dB, is taken as silence. Denormals count as zero meanwhile; the thread's mode is put back. */
RTSEP_API rtsep_Error rtsep_process(rtsep_Separator *separator, const float *const *in, float *const *out, int frames);

/* Start as new; controls stay as they are. */
RTSEP_API void rtsep_reset(rtsep_Separator *separator);

/* Set and read a control; `stem` counts where each stem has one. The sound reaches a new value on a ramp of 20 ms. */
RTSEP_API rtsep_Error rtsep_set(rtsep_Separator *separator, rtsep_Control control, int stem, float value);
RTSEP_API float rtsep_get(const rtsep_Separator *separator, rtsep_Control control, int stem);

/* Blocks that were taken as silence; hops that the model spoilt, which every stem got an even share of. */
RTSEP_API int rtsep_bad_blocks(const rtsep_Separator *separator);
RTSEP_API int rtsep_spoilt_hops(const rtsep_Separator *separator);

RTSEP_API const char *rtsep_message(rtsep_Error error);

#if defined(__cplusplus)
}
#endif
#endif
