/* Separates raw sound, stereo floats, from file to file: what is compiled for other processors and systems.
 * Arguments: a flat file, or `odd` for ODD, the sound, the file for what the first stem becomes. Prints the variant that
 * runs. */
#include "program.h"

#include <stdio.h>
#include <string.h>

/* A path that no command line of Windows gives in UTF-8. */
static const char ODD[] = "ein Modell, \xc3\xbc" "ber \xe9\x9f\xb3.rtsep";
enum { FRAMES = 480 };

int main(int count, char **arguments) {
    rtsep_Separator *separator;
    static float frames[FRAMES][2], in[2][FRAMES], out[2][FRAMES];
    const float *const rows[] = {in[0], in[1]};
    float *stems[32] = {out[0], out[1]};
    if (count < 4) return 2;
    const rtsep_Error error = rtsep_open(strcmp(arguments[1], "odd") ? arguments[1] : ODD, NULL, &separator);
    FILE *from = fopen(arguments[2], "rb"), *to = fopen(arguments[3], "wb");
    if (error || !from || !to) {
        fprintf(stderr, "%s\n", rtsep_message(error));
        return 1;
    }
    for (size_t read; (read = fread(frames, sizeof *frames, FRAMES, from)) > 0;) {
        for (size_t i = 0; i < read; i++) in[0][i] = frames[i][0], in[1][i] = frames[i][1];
        rtsep_process(separator, rows, stems, (int)read);
        for (size_t i = 0; i < read; i++) frames[i][0] = out[0][i], frames[i][1] = out[1][i];
        fwrite(frames, sizeof *frames, read, to);
    }
    for (int i = 0; i < rtsep_variants(); i++)
        if (rtsep_variant(i)) {
            puts(rtsep_variant_name(i));
            break;
        }
    rtsep_close(separator);
    return fclose(to) | fclose(from);
}
