// Rows and columns of VALUE around a map, LANES channels a beat.
#ifndef FARM_PAD_HPP
#define FARM_PAD_HPP

#include "../farm_hls.hpp"

namespace farm {

template <int CHANNELS, int HEIGHT, int WIDTH, int TOP, int LEFT, int BOTTOM, int RIGHT, int LANES, int BITS,
          int VALUE = 0>
void pad(stream<lanes<LANES, BITS> >& input, stream<lanes<LANES, BITS> >& output) {
    const int FOLDS = CHANNELS / LANES;
    pad_rows: for (int y = 0; y < TOP + HEIGHT + BOTTOM; y++) {
        pad_columns: for (int x = 0; x < LEFT + WIDTH + RIGHT; x++) {
            pad_folds: for (int fold = 0; fold < FOLDS; fold++) {
#pragma HLS PIPELINE II=1
                lanes<LANES, BITS> beat;
                FARM_PARTITION(beat.lane);
                if (y >= TOP && y < TOP + HEIGHT && x >= LEFT && x < LEFT + WIDTH) {
                    beat = input.read();
                } else {
                    pad_values: for (int i = 0; i < LANES; i++) {
#pragma HLS UNROLL
                        beat.lane[i] = VALUE;
                    }
                }
                output.write(beat);
            }
        }
    }
}

// The same, PIXELS whole pixels a beat. If LEFT is no multiple of PIXELS, the last pixels of a beat leave with the next.
template <int CHANNELS, int HEIGHT, int WIDTH, int TOP, int LEFT, int BOTTOM, int RIGHT, int PIXELS, int BITS,
          int VALUE = 0>
void pad_pixels(stream<lanes<PIXELS * CHANNELS, BITS> >& input, stream<lanes<PIXELS * CHANNELS, BITS> >& output) {
    const int LANES = PIXELS * CHANNELS;
    const int SHIFT = LEFT % PIXELS * CHANNELS;
    const int FIRST = LEFT / PIXELS;
    const int END = FIRST + WIDTH / PIXELS;
    static_assert(WIDTH % PIXELS == 0 && (LEFT + WIDTH + RIGHT) % PIXELS == 0, "rows are whole beats");
    lanes<LANES, BITS> before;
    FARM_PARTITION(before.lane);
    pad_clear: for (int l = 0; l < LANES; l++) {
#pragma HLS UNROLL
        before.lane[l] = VALUE;
    }
    pad_rows: for (int y = 0; y < TOP + HEIGHT + BOTTOM; y++) {
        pad_beats: for (int x = 0; x < (LEFT + WIDTH + RIGHT) / PIXELS; x++) {
#pragma HLS PIPELINE II=1
            lanes<LANES, BITS> now;
            FARM_PARTITION(now.lane);
            if (y >= TOP && y < TOP + HEIGHT && x >= FIRST && x < END) {
                now = input.read();
            } else {
                pad_values: for (int l = 0; l < LANES; l++) {
#pragma HLS UNROLL
                    now.lane[l] = VALUE;
                }
            }
            lanes<LANES, BITS> beat;
            FARM_PARTITION(beat.lane);
            pad_waiting: for (int l = 0; l < SHIFT; l++) {
#pragma HLS UNROLL
                beat.lane[l] = before.lane[LANES - SHIFT + l];
            }
            pad_new: for (int l = 0; l < LANES - SHIFT; l++) {
#pragma HLS UNROLL
                beat.lane[SHIFT + l] = now.lane[l];
            }
            output.write(beat);
            before = now;
        }
    }
}

}  // namespace farm

#endif  // FARM_PAD_HPP
