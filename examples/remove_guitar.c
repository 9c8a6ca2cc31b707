/* Take the guitar out of raw sound, 44.1 kHz stereo floats from stdin to stdout, in blocks of any size:
 *     rtsep models --flatten stage -o stage.rtsep
 *     cc -O2 remove_guitar.c -I../rtsep/native/src ../rtsep/native/librtsep.native -Wl,-rpath,../rtsep/native -o remove
 *     ffmpeg -i song.mp3 -f f32le -ac 2 -ar 44100 - | ./remove stage.rtsep | ffplay -f f32le -ac 2 -ar 44100 -
 */
#include "rtsep.h"
#include <stdio.h>

enum { FRAMES = 480, CHANNELS = 2 };

int main(int count, char **arguments) {
    rtsep_Separator *separator;
    const rtsep_Options options = {.samplerate = 44100, .channels = CHANNELS, .stems = "rest,guitar"};
    const rtsep_Error error = rtsep_open(count > 1 ? arguments[1] : "", &options, &separator);
    if (error) {
        fprintf(stderr, "%s\n", rtsep_message(error));
        return 1;
    }
    fprintf(stderr, "%d frames late\n", rtsep_latency(separator));
    float frames[FRAMES][CHANNELS], left[FRAMES], right[FRAMES];
    for (size_t read; (read = fread(frames, sizeof *frames, FRAMES, stdin)) > 0;) {
        for (size_t i = 0; i < read; i++) left[i] = frames[i][0], right[i] = frames[i][1];
        const float *in[] = {left, right};
        float *out[] = {left, right, NULL, NULL}; /* in place; nobody listens to the guitar */
        rtsep_process(separator, in, out, (int)read);
        for (size_t i = 0; i < read; i++) frames[i][0] = left[i], frames[i][1] = right[i];
        fwrite(frames, sizeof *frames, read, stdout);
    }
    rtsep_close(separator);
    return 0;
}
