/* Covariance recursive least squares on the last M samples, stream after stream, as one would write it in C.
 *
 *     g = P x,   s = 1 + x'g,   e = y - w'x,   w <- w + g e/s,   P <- P - g g'/s
 *
 * y: streams of M zeros and then the samples, so that a window is a pointer into them, its oldest sample first.
 * P (M x M), w, g: room to work in. The loops run along rows of P, which is symmetric: no sum has to be reordered.
 * Returns the sum of all squared a-priori errors.
 */
#ifndef REAL
#define REAL double
#endif

double rls(const REAL *y, long steps, long streams, long M, REAL ridge, REAL *restrict P, REAL *restrict w,
           REAL *restrict g)
{
    double total = 0;
    for (long stream = 0; stream < streams; stream++, y += M + steps) {
        for (long i = 0; i < M * M; i++)
            P[i] = 0;
        for (long i = 0; i < M; i++) {
            P[i * M + i] = 1 / ridge;
            w[i] = 0;
        }
        for (long t = 0; t < steps; t++) {
            const REAL *x = y + t;
            REAL s = 1, e = x[M];
            for (long i = 0; i < M; i++)
                g[i] = 0;
            for (long j = 0; j < M; j++) {
                const REAL *restrict row = P + j * M;
                const REAL xj = x[j];
                for (long i = 0; i < M; i++)
                    g[i] += xj * row[i];
            }
            for (long j = 0; j < M; j++) {
                s += x[j] * g[j];
                e -= w[j] * x[j];
            }
            for (long j = 0; j < M; j++) {
                REAL *restrict row = P + j * M;
                const REAL gain = g[j] / s;
                w[j] += gain * e;
                for (long i = 0; i < M; i++)
                    row[i] -= gain * g[i];
            }
            total += (double)e * e;
        }
    }
    return total;
}
