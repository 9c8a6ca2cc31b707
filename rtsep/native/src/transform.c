/* The transform of a real signal and back, for lengths that are powers of two from 64 on.
 *
 * The even and the odd samples are the real and the imaginary parts of half as many points. These lie as a matrix, of
 * which first the columns and then, turned over, the rows are transformed: so every loop runs along many columns at
 * once. (D. H. Bailey, "FFTs in external or hierarchical memory", 1990; the passes are Stockham's.)
 */
#include "variant.h"

static void pass_of_four(int size, int stride, int apart, const rtsep_Transform *plan, Points from, Points to) {
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
static void columns(int rows, int width, const rtsep_Transform *plan, Points *data, Points *spare) {
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
static void complex_transform(const rtsep_Transform *plan, Points *data, Points *spare) {
    const int points = plan->length / 2, width = plan->columns, rows = points / width;
    columns(rows, width, plan, data, spare);
    for (int column = 0; column < width; column++) {
        const float *twiddle_r = plan->twiddle_real + column * rows, *twiddle_i = plan->twiddle_imaginary + column * rows;
        float *restrict yr = spare->real + column * rows, *restrict yi = spare->imaginary + column * rows;
        for (int row = 0; row < rows; row++) {
            const float r = data->real[row * width + column], i = data->imaginary[row * width + column];
            yr[row] = r * twiddle_r[row] - i * twiddle_i[row];
            yi[row] = r * twiddle_i[row] + i * twiddle_r[row];
        }
    }
    swap(data, spare);
    columns(width, rows, plan, data, spare);
}

static void workspace(const rtsep_Transform *plan, float *work, Points *data, Points *spare) {
    const int points = plan->length / 2;
    *data = (Points){work, work + points};
    *spare = (Points){work + 2 * points, work + 3 * points};
}

/* Windowed samples, even and odd, to points. */
static void deinterleave(int points, const float *restrict samples, const float *restrict window, Points to) {
    float *restrict real = to.real, *restrict imaginary = to.imaginary;
    for (int j = 0; j < points; j++) {
        real[j] = samples[2 * j] * window[2 * j];
        imaginary[j] = samples[2 * j + 1] * window[2 * j + 1];
    }
}

/* And back. */
static void interleave(int points, Points from, const float *restrict window, float *restrict samples) {
    const float *restrict real = from.real, *restrict imaginary = from.imaginary;
    for (int j = 0; j < points; j++) {
        samples[2 * j] = real[j] * window[2 * j];
        samples[2 * j + 1] = imaginary[j] * window[2 * j + 1];
    }
}

/* Points of the even and the odd samples to the spectrum of all of them. */
static void unite(const rtsep_Transform *plan, Points from, Points to) {
    const int points = plan->length / 2;
    const float *restrict cosines = plan->cosines, *restrict sines = plan->sines;
    const float *restrict fr = from.real, *restrict fi = from.imaginary;
    float *restrict real = to.real, *restrict imaginary = to.imaginary;
    real[0] = fr[0] + fi[0];
    real[points] = fr[0] - fi[0];
    imaginary[0] = imaginary[points] = 0.0f;
#pragma omp simd
    for (int k = 1; k <= points / 2; k++) {
        const int mirror = points - k;
        const float even_r = 0.5f * (fr[k] + fr[mirror]), even_i = 0.5f * (fi[k] - fi[mirror]);
        const float odd_r = 0.5f * (fi[k] + fi[mirror]), odd_i = 0.5f * (fr[mirror] - fr[k]);
        const float turned_r = cosines[k] * odd_r + sines[k] * odd_i;
        const float turned_i = cosines[k] * odd_i - sines[k] * odd_r;
        real[k] = even_r + turned_r;
        imaginary[k] = even_i + turned_i;
        real[mirror] = even_r - turned_r;
        imaginary[mirror] = turned_i - even_i;
    }
}

/* And back; real and imaginary change places, so that the same transform goes back. */
static void divide(const rtsep_Transform *plan, Points from, Points to) {
    const int points = plan->length / 2;
    const float *restrict cosines = plan->cosines, *restrict sines = plan->sines;
    const float *restrict real = from.real, *restrict imaginary = from.imaginary;
    float *restrict tr = to.real, *restrict ti = to.imaginary;
    ti[0] = real[0] + real[points];
    tr[0] = real[0] - real[points];
#pragma omp simd
    for (int k = 1; k <= points / 2; k++) {
        const int mirror = points - k;
        const float even_r = real[k] + real[mirror], even_i = imaginary[k] - imaginary[mirror];
        const float turned_r = real[k] - real[mirror], turned_i = imaginary[k] + imaginary[mirror];
        const float odd_r = cosines[k] * turned_r - sines[k] * turned_i;
        const float odd_i = cosines[k] * turned_i + sines[k] * turned_r;
        ti[k] = even_r - odd_i;
        tr[k] = even_i + odd_r;
        ti[mirror] = even_r + odd_i;
        tr[mirror] = odd_r - even_i;
    }
}

void transform_forward(const rtsep_Transform *plan, float *work, const float *samples, Points spectrum) {
    Points data, spare;
    workspace(plan, work, &data, &spare);
    deinterleave(plan->length / 2, samples, plan->window, data);
    complex_transform(plan, &data, &spare);
    unite(plan, data, spectrum);
}

void transform_inverse(const rtsep_Transform *plan, float *work, Points spectrum, float *samples) {
    const int first = (plan->length - plan->windowed) / 2;
    Points data, spare;
    workspace(plan, work, &data, &spare);
    divide(plan, spectrum, data);
    complex_transform(plan, &data, &spare);
    interleave(plan->windowed / 2, (Points){data.imaginary + first, data.real + first}, plan->window, samples);
}
