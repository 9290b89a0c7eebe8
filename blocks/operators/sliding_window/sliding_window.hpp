// Windows over a map that is already padded, out of a line buffer of KERNEL + STRIDE rows.
#ifndef FARM_SLIDING_WINDOW_HPP
#define FARM_SLIDING_WINDOW_HPP

#include "../farm_hls.hpp"

namespace farm {

// Fills the first COUNT rows of a line buffer.
template <int COUNT, int ROWS, int WIDTH, int FOLDS, class Beat>
void fill_rows(stream<Beat>& input, Beat (&rows)[ROWS][WIDTH][FOLDS]) {
#pragma HLS INLINE
    fill_rows: for (int y = 0; y < COUNT; y++) {
        fill_columns: for (int x = 0; x < WIDTH; x++) {
            fill_folds: for (int fold = 0; fold < FOLDS; fold++) {
#pragma HLS PIPELINE II=1
                rows[y][x][fold] = input.read();
            }
        }
    }
}

// Writes one beat to the place (slot, x, fold) of a line buffer, advances the place, and counts full rows.
template <int ROWS, int WIDTH, int FOLDS, class Beat>
void load_beat(stream<Beat>& input, Beat (&rows)[ROWS][WIDTH][FOLDS], int& slot, int& x, int& fold, int& loaded_rows) {
#pragma HLS INLINE
    rows[slot][x][fold] = input.read();
    fold++;
    if (fold == FOLDS) {
        fold = 0;
        x++;
        if (x == WIDTH) {
            x = 0;
            loaded_rows++;
            slot = slot + 1 == ROWS ? 0 : slot + 1;
        }
    }
}

// The buffer is a ring of rows. While the windows of one output row leave, the STRIDE rows that the next output row
// needs arrive. They go to rows that no window of this output row reads.
template <int CHANNELS, int HEIGHT, int WIDTH, int KERNEL, int STRIDE, int SIMD, int BITS, int MMV,
          int BANKS = MMV * STRIDE>
void sliding_window(stream<lanes<SIMD, BITS> >& input, stream<lanes<MMV * SIMD, BITS> >& output) {
    const int FOLDS = CHANNELS / SIMD;
    const int ROWS = KERNEL + STRIDE;
    const int OUT_HEIGHT = (HEIGHT - KERNEL) / STRIDE + 1;
    const int OUT_WIDTH = (WIDTH - KERNEL) / STRIDE + 1;
    const int EMITS = OUT_WIDTH / MMV * KERNEL * KERNEL * FOLDS;
    const int LOADS = STRIDE * WIDTH * FOLDS;
    const int STEPS = EMITS > LOADS ? EMITS : LOADS;

    lanes<SIMD, BITS> rows[ROWS][WIDTH][FOLDS];
    FARM_PACK(rows);
    // MMV pixels, STRIDE columns apart, are read in one cycle, so neighbouring columns must be in different memories.
    FARM_PARTITION_CYCLIC(rows, 2, BANKS);

    fill_rows<KERNEL>(input, rows);

    int top = 0;
    int loaded_rows = KERNEL;
    output_rows: for (int oy = 0; oy < OUT_HEIGHT; oy++) {
// If flattened, a row's first window could be read before the last pixel that it needs is written.
#pragma HLS LOOP_FLATTEN off
        int group = 0;
        int ky = 0;
        int kx = 0;
        int emit_fold = 0;
        int load_slot = top + KERNEL >= ROWS ? top + KERNEL - ROWS : top + KERNEL;
        int load_x = 0;
        int load_fold = 0;
        window_steps: for (int step = 0; step < STEPS; step++) {
#pragma HLS PIPELINE II=1
#pragma HLS DEPENDENCE variable=rows inter false
            if (step < LOADS && loaded_rows < HEIGHT) {
                load_beat(input, rows, load_slot, load_x, load_fold, loaded_rows);
            }
            if (step < EMITS) {
                const int slot = top + ky >= ROWS ? top + ky - ROWS : top + ky;
                lanes<MMV * SIMD, BITS> beat;
                FARM_PARTITION(beat.lane);
                window_pixels: for (int m = 0; m < MMV; m++) {
#pragma HLS UNROLL
                    const lanes<SIMD, BITS> pixel = rows[slot][(group * MMV + m) * STRIDE + kx][emit_fold];
                    window_lanes: for (int s = 0; s < SIMD; s++) {
#pragma HLS UNROLL
                        beat.lane[m * SIMD + s] = pixel.lane[s];
                    }
                }
                output.write(beat);
                emit_fold++;
                if (emit_fold == FOLDS) {
                    emit_fold = 0;
                    kx++;
                    if (kx == KERNEL) {
                        kx = 0;
                        ky++;
                        if (ky == KERNEL) {
                            ky = 0;
                            group++;
                        }
                    }
                }
            }
        }
        top = top + STRIDE >= ROWS ? top + STRIDE - ROWS : top + STRIDE;
    }
}

// Windows of 1 x 1, one pixel at a time: passes every STRIDE-th row and column on and stores nothing.
template <int CHANNELS, int HEIGHT, int WIDTH, int STRIDE, int SIMD, int BITS>
void subsample(stream<lanes<SIMD, BITS> >& input, stream<lanes<SIMD, BITS> >& output) {
    const int FOLDS = CHANNELS / SIMD;
    int row_phase = 0;
    subsample_rows: for (int y = 0; y < HEIGHT; y++) {
        int column_phase = 0;
        subsample_columns: for (int x = 0; x < WIDTH; x++) {
            subsample_folds: for (int fold = 0; fold < FOLDS; fold++) {
#pragma HLS PIPELINE II=1
                const lanes<SIMD, BITS> beat = input.read();
                if (row_phase == 0 && column_phase == 0) {
                    output.write(beat);
                }
            }
            column_phase = column_phase + 1 == STRIDE ? 0 : column_phase + 1;
        }
        row_phase = row_phase + 1 == STRIDE ? 0 : row_phase + 1;
    }
}

}  // namespace farm

#endif  // FARM_SLIDING_WINDOW_HPP
