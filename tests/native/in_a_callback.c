/* Runs a separator where only reading, writing and leaving are allowed: any other call of the system kills this program,
 * and each allocation is counted. Arguments: a flat file. The separated sound goes to stdout. */
#include "rtsep.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xmmintrin.h>

enum { FRAMES = 1000, BLOCKS = 40, ROWS = 32 };

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
static long allocations;

void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}

static float in[2][FRAMES], out[ROWS][FRAMES];

static void leave(int code, const char *words) {
    if (write(2, words, strlen(words)) < 0) code = 9;
    syscall(SYS_exit, code);
}

int main(int count, char **arguments) {
    rtsep_Separator *separator;
    const rtsep_Error error = rtsep_open(count > 1 ? arguments[1] : "", NULL, &separator);
    if (error) leave(1, rtsep_message(error));
    const float *const inputs[] = {in[0], in[1]};
    float *outputs[ROWS];
    for (int row = 0; row < ROWS; row++) outputs[row] = out[row];
    const unsigned mode = _mm_getcsr() & 0xffc0, changed = (mode | 0x2000) & ~0x8000u; /* rounds down: not ours */
    if (getenv("FORBIDDEN") == NULL && prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)) leave(2, "no seccomp");
    _mm_setcsr(changed);
    const long before = allocations;
    unsigned seed = 1;
    for (int block = 0; block < BLOCKS; block++) {
        for (int i = 0; i < 2 * FRAMES; i++) {
            seed = seed * 1664525u + 1013904223u;
            in[i % 2][i / 2] = (float)(seed >> 8) / (1 << 25) - 0.25f;
        }
        if (block % 3 == 0) rtsep_set(separator, RTSEP_LEVEL, 0, (float)(block % 5) / 2.0f);
        if (block % 4 == 0) rtsep_set(separator, RTSEP_MASK_GAIN, 0, (float)(block % 7));
        if (block == 30) in[0][5] = 1e30f;
        if (rtsep_process(separator, inputs, outputs, 1 + (block * 37) % FRAMES)) leave(3, "process failed");
        if (block == 35) rtsep_reset(separator);
        if (write(1, out[0], sizeof out[0]) < 0) leave(4, "no output");
    }
    if ((_mm_getcsr() & 0xffc0) != changed) leave(5, "the mode of the processor is another one");
    if (allocations != before) leave(6, "something was allocated");
    leave(rtsep_bad_blocks(separator) == 1 ? 0 : 7, "done");
}
