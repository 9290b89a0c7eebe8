// The sum of each window of a map that is already padded, out of a line buffer of KERNEL + STRIDE rows.
#ifndef FARM_SUM_POOL_HPP
#define FARM_SUM_POOL_HPP

#include "../farm_hls.hpp"
#include "../sliding_window/sliding_window.hpp"

namespace farm {

// The buffer works as in the sliding window: while the windows of one output row leave, the rows for the next arrive.
template <int CHANNELS, int HEIGHT, int WIDTH, int KERNEL, int STRIDE, int LANES, int BITS, int OUTPUT_BITS,
          int KERNEL_COLUMNS = KERNEL, int STRIDE_COLUMNS = STRIDE>
void sum_pool(stream<lanes<LANES, BITS> >& input, stream<lanes<LANES, OUTPUT_BITS> >& output) {
    const int FOLDS = CHANNELS / LANES;
    const int ROWS = KERNEL + STRIDE;
    const int OUT_HEIGHT = (HEIGHT - KERNEL) / STRIDE + 1;
    const int OUT_WIDTH = (WIDTH - KERNEL_COLUMNS) / STRIDE_COLUMNS + 1;
    const int EMITS = OUT_WIDTH * FOLDS * KERNEL * KERNEL_COLUMNS;
    const int LOADS = STRIDE * WIDTH * FOLDS;
    const int STEPS = EMITS > LOADS ? EMITS : LOADS;

    lanes<LANES, BITS> rows[ROWS][WIDTH][FOLDS];
    FARM_PACK(rows);
    lanes<LANES, OUTPUT_BITS> sums;
    FARM_PARTITION(sums.lane);

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
                    const uint_t<OUTPUT_BITS> before =
                        ky == 0 && kx == 0 ? (uint_t<OUTPUT_BITS>)0 : sums.lane[l];
                    sums.lane[l] = before + (uint_t<OUTPUT_BITS>)pixel.lane[l];
                }
                kx++;
                if (kx == KERNEL_COLUMNS) {
                    kx = 0;
                    ky++;
                    if (ky == KERNEL) {
                        ky = 0;
                        output.write(sums);
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

}  // namespace farm

#endif  // FARM_SUM_POOL_HPP
