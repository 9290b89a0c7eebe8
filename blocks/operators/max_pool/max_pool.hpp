// The largest value of each window of a map that is already padded, out of a line buffer of KERNEL + STRIDE rows.
#ifndef FARM_MAX_POOL_HPP
#define FARM_MAX_POOL_HPP

#include "../farm_hls.hpp"
#include "../sliding_window/sliding_window.hpp"

namespace farm {

// The buffer works as in the sliding window: while the windows of one output row leave, the rows for the next arrive.
template <int CHANNELS, int HEIGHT, int WIDTH, int KERNEL, int STRIDE, int LANES, int BITS,
          int KERNEL_COLUMNS = KERNEL, int STRIDE_COLUMNS = STRIDE>
void max_pool(stream<lanes<LANES, BITS> >& input, stream<lanes<LANES, BITS> >& output) {
    const int FOLDS = CHANNELS / LANES;
    const int ROWS = KERNEL + STRIDE;
    const int OUT_HEIGHT = (HEIGHT - KERNEL) / STRIDE + 1;
    const int OUT_WIDTH = (WIDTH - KERNEL_COLUMNS) / STRIDE_COLUMNS + 1;
    const int EMITS = OUT_WIDTH * FOLDS * KERNEL * KERNEL_COLUMNS;
    const int LOADS = STRIDE * WIDTH * FOLDS;
    const int STEPS = EMITS > LOADS ? EMITS : LOADS;

    lanes<LANES, BITS> rows[ROWS][WIDTH][FOLDS];
    FARM_PACK(rows);
    lanes<LANES, BITS> best;
    FARM_PARTITION(best.lane);

    fill_rows<KERNEL>(input, rows);

    int top = 0;
    int loaded_rows = KERNEL;
    output_rows: for (int oy = 0; oy < OUT_HEIGHT; oy++) {
// If flattened, a row's first window could be read before the last pixel that it needs is written.
#pragma HLS LOOP_FLATTEN off
        int ox = 0;
        int pool_fold = 0;
        int ky = 0;
        int kx = 0;
        int load_slot = top + KERNEL >= ROWS ? top + KERNEL - ROWS : top + KERNEL;
        int load_x = 0;
        int load_fold = 0;
        pool_steps: for (int step = 0; step < STEPS; step++) {
#pragma HLS PIPELINE II=1
#pragma HLS DEPENDENCE variable=rows inter false
            if (step < LOADS && loaded_rows < HEIGHT) {
                load_beat(input, rows, load_slot, load_x, load_fold, loaded_rows);
            }
            if (step < EMITS) {
                const int slot = top + ky >= ROWS ? top + ky - ROWS : top + ky;
                const lanes<LANES, BITS> pixel = rows[slot][ox * STRIDE_COLUMNS + kx][pool_fold];
                pool_lanes: for (int l = 0; l < LANES; l++) {
#pragma HLS UNROLL
                    if ((ky == 0 && kx == 0) || pixel.lane[l] > best.lane[l]) {
                        best.lane[l] = pixel.lane[l];
                    }
                }
                kx++;
                if (kx == KERNEL_COLUMNS) {
                    kx = 0;
                    ky++;
                    if (ky == KERNEL) {
                        ky = 0;
                        output.write(best);
                        pool_fold++;
                        if (pool_fold == FOLDS) {
                            pool_fold = 0;
                            ox++;
                        }
                    }
                }
            }
        }
        top = top + STRIDE >= ROWS ? top + STRIDE - ROWS : top + STRIDE;
    }
}

// The same, one beat of the map at a time: the maximum across the KERNEL_COLUMNS columns that end here, then down the
// KERNEL rows that end here. `recent` and `above` keep the pixels to the left and the maxima of the rows above, the
// newest last. Of a window of one column or row one of them is unused; an array has at least one element.
template <int CHANNELS, int HEIGHT, int WIDTH, int KERNEL, int STRIDE, int LANES, int BITS,
          int KERNEL_COLUMNS = KERNEL, int STRIDE_COLUMNS = STRIDE>
void max_pool_beats(stream<lanes<LANES, BITS> >& input, stream<lanes<LANES, BITS> >& output) {
    const int FOLDS = CHANNELS / LANES;
    const int PLACES = ((WIDTH - KERNEL_COLUMNS) / STRIDE_COLUMNS + 1) * FOLDS;
    const int LEFT = KERNEL_COLUMNS > 1 ? KERNEL_COLUMNS - 1 : 1;
    const int UPPER = KERNEL > 1 ? KERNEL - 1 : 1;

    lanes<LANES, BITS> recent[FOLDS][LEFT];
    FARM_PACK(recent);
    FARM_PARTITION_DIM(recent, 2);
    FARM_LUTRAM(recent);
    lanes<LANES, BITS> above[PLACES][UPPER];
    FARM_PACK(above);
    FARM_PARTITION_DIM(above, 2);

    int wait_y = KERNEL - 1;
    pool_rows: for (int y = 0; y < HEIGHT; y++) {
        int wait_x = KERNEL_COLUMNS - 1;
        int place = 0;
        pool_columns: for (int x = 0; x < WIDTH; x++) {
            pool_folds: for (int fold = 0; fold < FOLDS; fold++) {
#pragma HLS PIPELINE II=1
// A place is read again a row later, when the pipeline has long written it.
#pragma HLS DEPENDENCE variable=above inter false
                const lanes<LANES, BITS> pixel = input.read();
                lanes<LANES, BITS> across = pixel;
                FARM_PARTITION(across.lane);
                pool_across: for (int k = 0; k < KERNEL_COLUMNS - 1; k++) {
#pragma HLS UNROLL
                    const lanes<LANES, BITS> left = recent[fold][k];
                    pool_across_lanes: for (int l = 0; l < LANES; l++) {
#pragma HLS UNROLL
                        if (left.lane[l] > across.lane[l]) {
                            across.lane[l] = left.lane[l];
                        }
                    }
                    recent[fold][k] = k == KERNEL_COLUMNS - 2 ? pixel : recent[fold][k + 1];
                }
                if (wait_x == 0) {
                    lanes<LANES, BITS> best = across;
                    FARM_PARTITION(best.lane);
                    pool_down: for (int k = 0; k < KERNEL - 1; k++) {
#pragma HLS UNROLL
                        const lanes<LANES, BITS> upper = above[place][k];
                        pool_down_lanes: for (int l = 0; l < LANES; l++) {
#pragma HLS UNROLL
                            if (upper.lane[l] > best.lane[l]) {
                                best.lane[l] = upper.lane[l];
                            }
                        }
                        above[place][k] = k == KERNEL - 2 ? across : above[place][k + 1];
                    }
                    if (wait_y == 0) {
                        output.write(best);
                    }
                    place++;
                }
            }
            wait_x = wait_x == 0 ? STRIDE_COLUMNS - 1 : wait_x - 1;
        }
        wait_y = wait_y == 0 ? STRIDE - 1 : wait_y - 1;
    }
}

}  // namespace farm

#endif  // FARM_MAX_POOL_HPP
