// Zero rows and columns around a map, LANES channels a beat.
#ifndef FARM_PAD_HPP
#define FARM_PAD_HPP

#include "../farm_hls.hpp"

namespace farm {

template <int CHANNELS, int HEIGHT, int WIDTH, int TOP, int LEFT, int BOTTOM, int RIGHT, int LANES, int BITS>
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
                    pad_zeros: for (int i = 0; i < LANES; i++) {
#pragma HLS UNROLL
                        beat.lane[i] = 0;
                    }
                }
                output.write(beat);
            }
        }
    }
}

}  // namespace farm

#endif  // FARM_PAD_HPP
