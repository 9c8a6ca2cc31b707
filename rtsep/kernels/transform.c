/* The transform of a real signal and back, for lengths that are powers of two from 64 on; see rtsep/transform.py.
 *
 * The even and the odd samples are the real and the imaginary parts of half as many points. These lie as a matrix, of
 * which first the columns and then, turned over, the rows are transformed: so every loop runs along many columns at
 * once. (D. H. Bailey, "FFTs in external or hierarchical memory", 1990; the passes are Stockham's.)
 */
#include <stdint.h>
#include <string.h>

typedef struct {
    int32_t length, columns; /* samples of the signal; columns of the matrix of length / 2 points */
    const float *window;     /* forward: of all samples. Back: of the last ones, divided by the length */
    int64_t window_size;
    const float *cosines, *sines;      /* of 2 pi k / length, k to length / 4 */
    const float *turn_real, *turn_imaginary; /* for each column, each row: exp(-2 pi i column row / points) */
    float *work;                       /* 4 numbers for each point */
} Transform;

typedef struct { float *real, *imaginary; } Points;

static void pass_of_four(int size, int stride, int apart, const Transform *plan, Points from, Points to) {
    const int quarter = size / 4, third = stride * quarter;
    for (int p = 0; p < quarter; p++) {
        const float r1 = plan->cosines[p * apart], i1 = -plan->sines[p * apart];
        const float r2 = r1 * r1 - i1 * i1, i2 = 2.0f * r1 * i1;
        const float r3 = r1 * r2 - i1 * i2, i3 = r1 * i2 + i1 * r2;
        const float *ar = from.real + stride * p, *br = ar + third, *cr = br + third, *dr = cr + third;
        const float *ai = from.imaginary + stride * p, *bi = ai + third, *ci = bi + third, *di = ci + third;
        float *restrict er = to.real + stride * 4 * p, *restrict fr = er + stride;
        float *restrict gr = fr + stride, *restrict hr = gr + stride;
        float *restrict ei = to.imaginary + stride * 4 * p, *restrict fi = ei + stride;
        float *restrict gi = fi + stride, *restrict hi = gi + stride;
#pragma omp simd
        for (int q = 0; q < stride; q++) {
            const float sum_r = ar[q] + cr[q], sum_i = ai[q] + ci[q], less_r = ar[q] - cr[q], less_i = ai[q] - ci[q];
            const float also_r = br[q] + dr[q], also_i = bi[q] + di[q];
            const float turned_r = bi[q] - di[q], turned_i = dr[q] - br[q]; /* -i (b - d) */
            const float one_r = less_r + turned_r, one_i = less_i + turned_i;
            const float two_r = sum_r - also_r, two_i = sum_i - also_i;
            const float three_r = less_r - turned_r, three_i = less_i - turned_i;
            er[q] = sum_r + also_r;
            ei[q] = sum_i + also_i;
            fr[q] = r1 * one_r - i1 * one_i;
            fi[q] = r1 * one_i + i1 * one_r;
            gr[q] = r2 * two_r - i2 * two_i;
            gi[q] = r2 * two_i + i2 * two_r;
            hr[q] = r3 * three_r - i3 * three_i;
            hi[q] = r3 * three_i + i3 * three_r;
        }
    }
}

static void sums(int count, const float *a, const float *b, float *restrict sum, float *restrict difference) {
    for (int q = 0; q < count; q++) {
        sum[q] = a[q] + b[q];
        difference[q] = a[q] - b[q];
    }
}

static void pass_of_two(int stride, Points from, Points to) {
    sums(stride, from.real, from.real + stride, to.real, to.real + stride);
    sums(stride, from.imaginary, from.imaginary + stride, to.imaginary, to.imaginary + stride);
}

static inline void swap(Points *one, Points *other) {
    const Points kept = *one;
    *one = *other;
    *other = kept;
}

/* Transform every column of a matrix; the result is in `data`, and `spare` holds anything. */
static void columns(int rows, int width, const Transform *plan, Points *data, Points *spare) {
    int stride = width;
    for (int size = rows; size > 1; swap(data, spare)) {
        if (size % 4 == 0) {
            pass_of_four(size, stride, plan->length / size, plan, *data, *spare);
            size /= 4;
            stride *= 4;
        } else {
            pass_of_two(stride, *data, *spare);
            size /= 2;
            stride *= 2;
        }
    }
}

/* Points to their transform, in natural order. */
static void complex_transform(const Transform *plan, Points *data, Points *spare) {
    const int points = plan->length / 2, width = plan->columns, rows = points / width;
    columns(rows, width, plan, data, spare);
    for (int column = 0; column < width; column++) {
        const float *turn_r = plan->turn_real + column * rows, *turn_i = plan->turn_imaginary + column * rows;
        float *restrict yr = spare->real + column * rows, *restrict yi = spare->imaginary + column * rows;
        for (int row = 0; row < rows; row++) {
            const float r = data->real[row * width + column], i = data->imaginary[row * width + column];
            yr[row] = r * turn_r[row] - i * turn_i[row];
            yi[row] = r * turn_i[row] + i * turn_r[row];
        }
    }
    swap(data, spare);
    columns(width, rows, plan, data, spare);
}

static void workspace(const Transform *plan, Points *data, Points *spare) {
    const int points = plan->length / 2;
    *data = (Points){plan->work, plan->work + points};
    *spare = (Points){plan->work + 2 * points, plan->work + 3 * points};
}

static void forward(const Transform *plan, const float *frames, float *restrict spectrum) {
    const int points = plan->length / 2;
    Points data, spare;
    workspace(plan, &data, &spare);
    for (int j = 0; j < points; j++) {
        data.real[j] = frames[2 * j] * plan->window[2 * j];
        data.imaginary[j] = frames[2 * j + 1] * plan->window[2 * j + 1];
    }
    complex_transform(plan, &data, &spare);
    spectrum[0] = data.real[0] + data.imaginary[0];
    spectrum[2 * points] = data.real[0] - data.imaginary[0];
    spectrum[1] = spectrum[2 * points + 1] = 0.0f;
    for (int k = 1; k <= points / 2; k++) {
        const int mirror = points - k;
        const float even_r = 0.5f * (data.real[k] + data.real[mirror]);
        const float even_i = 0.5f * (data.imaginary[k] - data.imaginary[mirror]);
        const float odd_r = 0.5f * (data.imaginary[k] + data.imaginary[mirror]);
        const float odd_i = 0.5f * (data.real[mirror] - data.real[k]);
        const float turned_r = plan->cosines[k] * odd_r + plan->sines[k] * odd_i;
        const float turned_i = plan->cosines[k] * odd_i - plan->sines[k] * odd_r;
        spectrum[2 * k] = even_r + turned_r;
        spectrum[2 * k + 1] = even_i + turned_i;
        spectrum[2 * mirror] = even_r - turned_r;
        spectrum[2 * mirror + 1] = turned_i - even_i;
    }
}

static void inverse(const Transform *plan, const float *spectrum, float *restrict frames) {
    const int points = plan->length / 2, first = points - (int)plan->window_size / 2;
    Points data, spare;
    workspace(plan, &data, &spare);
    data.imaginary[0] = spectrum[0] + spectrum[2 * points]; /* real and imaginary change places: so it goes back */
    data.real[0] = spectrum[0] - spectrum[2 * points];
    for (int k = 1; k <= points / 2; k++) {
        const int mirror = points - k;
        const float even_r = spectrum[2 * k] + spectrum[2 * mirror];
        const float even_i = spectrum[2 * k + 1] - spectrum[2 * mirror + 1];
        const float turned_r = spectrum[2 * k] - spectrum[2 * mirror];
        const float turned_i = spectrum[2 * k + 1] + spectrum[2 * mirror + 1];
        const float odd_r = plan->cosines[k] * turned_r - plan->sines[k] * turned_i;
        const float odd_i = plan->cosines[k] * turned_i + plan->sines[k] * turned_r;
        data.imaginary[k] = even_r - odd_i;
        data.real[k] = even_i + odd_r;
        data.imaginary[mirror] = even_r + odd_i;
        data.real[mirror] = odd_r - even_i;
    }
    complex_transform(plan, &data, &spare);
    for (int j = first; j < points; j++) {
        frames[2 * (j - first)] = data.imaginary[j] * plan->window[2 * (j - first)];
        frames[2 * (j - first) + 1] = data.real[j] * plan->window[2 * (j - first) + 1];
    }
}

int rtsep_transform_size(void) {
    return (int)sizeof(Transform);
}

/* Frames of each hop and row lie side by side; spectra one after the other. */
void rtsep_forward(const Transform *plan, int hops, int rows, int64_t hop_step, int64_t row_step, const float *frames,
                   float *spectra) {
    for (int hop = 0; hop < hops; hop++)
        for (int row = 0; row < rows; row++, spectra += plan->length + 2)
            forward(plan, frames + hop * hop_step + row * row_step, spectra);
}

/* Only the last frames, as many as the window has. */
void rtsep_inverse(const Transform *plan, int count, const float *spectra, float *frames) {
    for (int i = 0; i < count; i++, spectra += plan->length + 2, frames += plan->window_size)
        inverse(plan, spectra, frames);
}
