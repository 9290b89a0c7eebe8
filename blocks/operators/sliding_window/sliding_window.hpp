// Windows over a map that is already padded, out of a line buffer of KERNEL + STRIDE rows. KERNEL and STRIDE are those of
// rows, and of columns too unless KERNEL_COLUMNS and STRIDE_COLUMNS are given.
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
          int KERNEL_COLUMNS = KERNEL, int STRIDE_COLUMNS = STRIDE, int BANKS = MMV * STRIDE_COLUMNS>
void sliding_window(stream<lanes<SIMD, BITS> >& input, stream<lanes<MMV * SIMD, BITS> >& output) {
    const int FOLDS = CHANNELS / SIMD;
    const int ROWS = KERNEL + STRIDE;
    const int OUT_HEIGHT = (HEIGHT - KERNEL) / STRIDE + 1;
    const int OUT_WIDTH = (WIDTH - KERNEL_COLUMNS) / STRIDE_COLUMNS + 1;
    const int EMITS = OUT_WIDTH / MMV * KERNEL * KERNEL_COLUMNS * FOLDS;
    const int LOADS = STRIDE * WIDTH * FOLDS;
    const int STEPS = EMITS > LOADS ? EMITS : LOADS;

    lanes<SIMD, BITS> rows[ROWS][WIDTH][FOLDS];
    FARM_PACK(rows);
    // MMV pixels, STRIDE_COLUMNS apart, are read in one cycle, so neighbouring columns must be in different memories.
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
                    const lanes<SIMD, BITS> pixel = rows[slot][(group * MMV + m) * STRIDE_COLUMNS + kx][emit_fold];
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
                    if (kx == KERNEL_COLUMNS) {
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

// Writes a beat of PIXELS pixels to consecutive banks, advances the place, and counts full rows.
template <int PIXELS, int BANKS, int ROW_WORDS, int ROWS, int WIDTH, class Pixel, class Input, int WORDS>
void load_pixels(stream<Input>& input, Pixel (&banks)[BANKS][WORDS], int& slot, int& x, int& bank, int& word,
                 int& loaded_rows) {
#pragma HLS INLINE
    const Input beat = input.read();
    load_banks: for (int b = 0; b < BANKS; b++) {
#pragma HLS UNROLL
        if (bank == b - b % PIXELS) {
            Pixel pixel;
            FARM_PARTITION(pixel.lane);
            load_lanes: for (int l = 0; l < Pixel::count; l++) {
#pragma HLS UNROLL
                pixel.lane[l] = beat.lane[b % PIXELS * Pixel::count + l];
            }
            banks[b][slot * ROW_WORDS + word] = pixel;
        }
    }
    x += PIXELS;
    bank += PIXELS;
    if (bank == BANKS) {
        bank = 0;
        word++;
    }
    if (x == WIDTH) {
        x = 0;
        bank = 0;
        word = 0;
        loaded_rows++;
        slot = slot + 1 == ROWS ? 0 : slot + 1;
    }
}

// Windows whose beats cross kernel positions, or of a map that comes several pixels a beat. All columns of a kernel row
// of MMV windows are read at once: column x is in bank x % BANKS. A kernel row leaves in beats of SIMD elements of each
// window. TURNS banks can hold the first column of a group.
template <int CHANNELS, int HEIGHT, int WIDTH, int OUT_WIDTH, int KERNEL, int STRIDE, int SIMD, int BITS, int MMV,
          int PIXELS, int BANKS, int TURNS, int KERNEL_COLUMNS = KERNEL, int STRIDE_COLUMNS = STRIDE>
void window_rows(stream<lanes<PIXELS * CHANNELS, BITS> >& input, stream<lanes<MMV * SIMD, BITS> >& output) {
    const int ROWS = KERNEL + STRIDE;
    const int OUT_HEIGHT = (HEIGHT - KERNEL) / STRIDE + 1;
    const int STEP = MMV * STRIDE_COLUMNS;
    const int SPAN = (MMV - 1) * STRIDE_COLUMNS + KERNEL_COLUMNS;
    const int BEATS = KERNEL_COLUMNS * CHANNELS / SIMD;
    const int ROW_WORDS = (WIDTH + BANKS - 1) / BANKS;
    const int EMITS = OUT_WIDTH / MMV * KERNEL * BEATS;
    const int LOADS = STRIDE * (WIDTH / PIXELS);
    const int STEPS = EMITS > LOADS ? EMITS : LOADS;

    // One word more, because banks behind the last column of a row are read as well.
    lanes<CHANNELS, BITS> banks[BANKS][ROWS * ROW_WORDS + 1];
    FARM_PACK(banks);
    FARM_PARTITION_DIM(banks, 1);
    lanes<CHANNELS, BITS> row[SPAN];
    FARM_PACK(row);
    FARM_PARTITION(row);

    int load_slot = 0;
    int load_x = 0;
    int load_bank = 0;
    int load_word = 0;
    int loaded_rows = 0;
    fill_rows: for (int i = 0; i < KERNEL * (WIDTH / PIXELS); i++) {
#pragma HLS PIPELINE II=1
        load_pixels<PIXELS, BANKS, ROW_WORDS, ROWS, WIDTH>(input, banks, load_slot, load_x, load_bank, load_word,
                                                           loaded_rows);
    }

    int top = 0;
    output_rows: for (int oy = 0; oy < OUT_HEIGHT; oy++) {
// If flattened, a row's first window could be read before the last pixel that it needs is written.
#pragma HLS LOOP_FLATTEN off
        int ky = 0;
        int part = 0;
        int bank = 0;
        int word = 0;
        window_steps: for (int step = 0; step < STEPS; step++) {
#pragma HLS PIPELINE II=1
#pragma HLS DEPENDENCE variable=banks inter false
            if (step < LOADS && loaded_rows < HEIGHT) {
                load_pixels<PIXELS, BANKS, ROW_WORDS, ROWS, WIDTH>(input, banks, load_slot, load_x, load_bank, load_word,
                                                                   loaded_rows);
            }
            if (step < EMITS) {
                if (part == 0) {
                    const int slot = top + ky >= ROWS ? top + ky - ROWS : top + ky;
                    lanes<CHANNELS, BITS> found[BANKS];
                    FARM_PACK(found);
                    FARM_PARTITION(found);
                    window_banks: for (int b = 0; b < BANKS; b++) {
#pragma HLS UNROLL
                        found[b] = banks[b][slot * ROW_WORDS + word + (bank > b ? 1 : 0)];
                    }
                    window_turns: for (int turn = 0; turn < TURNS; turn++) {
#pragma HLS UNROLL
                        window_columns: for (int column = 0; column < SPAN; column++) {
#pragma HLS UNROLL
                            if (bank == turn * STEP % BANKS) {
                                row[column] = found[(turn * STEP % BANKS + column) % BANKS];
                            }
                        }
                    }
                }
                lanes<MMV * SIMD, BITS> beat;
                FARM_PARTITION(beat.lane);
                window_parts: for (int b = 0; b < BEATS; b++) {
#pragma HLS UNROLL
                    if (part == b) {
                        window_pixels: for (int m = 0; m < MMV; m++) {
#pragma HLS UNROLL
                            window_lanes: for (int s = 0; s < SIMD; s++) {
#pragma HLS UNROLL
                                const int element = b * SIMD + s;
                                beat.lane[m * SIMD + s] =
                                    row[m * STRIDE_COLUMNS + element / CHANNELS].lane[element % CHANNELS];
                            }
                        }
                    }
                }
                output.write(beat);
                part++;
                if (part == BEATS) {
                    part = 0;
                    ky++;
                    if (ky == KERNEL) {
                        ky = 0;
                        word += STEP / BANKS;
                        bank += STEP % BANKS;
                        if (bank >= BANKS) {
                            bank -= BANKS;
                            word++;
                        }
                    }
                }
            }
        }
        top = top + STRIDE >= ROWS ? top + STRIDE - ROWS : top + STRIDE;
    }
}

// Windows of 1 x 1, one pixel at a time: passes every STRIDE-th row and STRIDE_COLUMNS-th column on and stores nothing.
template <int CHANNELS, int HEIGHT, int WIDTH, int STRIDE, int SIMD, int BITS, int STRIDE_COLUMNS = STRIDE>
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
            column_phase = column_phase + 1 == STRIDE_COLUMNS ? 0 : column_phase + 1;
        }
        row_phase = row_phase + 1 == STRIDE ? 0 : row_phase + 1;
    }
}

}  // namespace farm

#endif  // FARM_SLIDING_WINDOW_HPP
