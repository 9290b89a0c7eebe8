// Drops the lanes behind the last channel of each pixel, and gives beats that divide the channels.
#ifndef FARM_TRIM_HPP
#define FARM_TRIM_HPP

#include "../farm_hls.hpp"

namespace farm {

// Beat f of a pixel goes to place f * LANES_IN % LANES_OUT behind what waits. What a full beat leaves over waits.
template <int CHANNELS, int PIXELS, int LANES_IN, int LANES_OUT, int BITS, bool SIGNED = false>
void trim(stream<typename beat_of<SIGNED, LANES_IN, BITS>::type>& input,
          stream<typename beat_of<SIGNED, LANES_OUT, BITS>::type>& output) {
    const int FOLDS = (CHANNELS + LANES_IN - 1) / LANES_IN;
    const int PLACES = LANES_OUT + LANES_IN;
    static_assert(LANES_IN <= LANES_OUT && CHANNELS % LANES_OUT == 0, "full beats of at least as many lanes");
    typename element_of<SIGNED, BITS>::type waiting[PLACES];
    FARM_PARTITION(waiting);
    trim_pixels: for (int pixel = 0; pixel < PIXELS; pixel++) {
        trim_folds: for (int fold = 0; fold < FOLDS; fold++) {
#pragma HLS PIPELINE II=1
            const typename beat_of<SIGNED, LANES_IN, BITS>::type beat = input.read();
            bool full = false;
            trim_places: for (int f = 0; f < FOLDS; f++) {
#pragma HLS UNROLL
                if (fold == f) {
                    trim_lanes: for (int l = 0; l < LANES_IN; l++) {
#pragma HLS UNROLL
                        waiting[f * LANES_IN % LANES_OUT + l] = beat.lane[l];
                    }
                    full = f * LANES_IN % LANES_OUT + LANES_IN >= LANES_OUT || f == FOLDS - 1;
                }
            }
            if (full) {
                typename beat_of<SIGNED, LANES_OUT, BITS>::type filled;
                FARM_PARTITION(filled.lane);
                trim_filled: for (int l = 0; l < LANES_OUT; l++) {
#pragma HLS UNROLL
                    filled.lane[l] = waiting[l];
                }
                output.write(filled);
                trim_rest: for (int l = 0; l < LANES_IN; l++) {
#pragma HLS UNROLL
                    waiting[l] = waiting[LANES_OUT + l];
                }
            }
        }
    }
}

}  // namespace farm

#endif  // FARM_TRIM_HPP
