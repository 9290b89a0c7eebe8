// The sum over all pixels of max(value - ZERO_POINT, 0), channel by channel.
#ifndef FARM_ACC_POOL_HPP
#define FARM_ACC_POOL_HPP

#include "../farm_hls.hpp"

namespace farm {

template <int CHANNELS, int PIXELS, int LANES, int INPUT_BITS, int OUTPUT_BITS, int ZERO_POINT>
void acc_pool(stream<lanes<LANES, INPUT_BITS> >& input, stream<lanes<LANES, OUTPUT_BITS> >& output) {
    const int FOLDS = CHANNELS / LANES;
    lanes<LANES, OUTPUT_BITS> sums[FOLDS];
    FARM_PACK(sums);
    FARM_LUTRAM(sums);
    acc_pixels: for (int pixel = 0; pixel < PIXELS; pixel++) {
        acc_folds: for (int fold = 0; fold < FOLDS; fold++) {
#pragma HLS PIPELINE II=1
            const lanes<LANES, INPUT_BITS> values = input.read();
            const lanes<LANES, OUTPUT_BITS> before = sums[fold];
            lanes<LANES, OUTPUT_BITS> after;
            FARM_PARTITION(after.lane);
            acc_lanes: for (int l = 0; l < LANES; l++) {
#pragma HLS UNROLL
                const uint_t<OUTPUT_BITS> start = pixel == 0 ? (uint_t<OUTPUT_BITS>)0 : before.lane[l];
                const uint_t<INPUT_BITS> zero_point = ZERO_POINT;
                const uint_t<OUTPUT_BITS> positive =
                    values.lane[l] > zero_point ? (uint_t<OUTPUT_BITS>)(values.lane[l] - zero_point)
                                                : (uint_t<OUTPUT_BITS>)0;
                after.lane[l] = start + positive;
            }
            sums[fold] = after;
        }
    }
    acc_drain: for (int fold = 0; fold < FOLDS; fold++) {
#pragma HLS PIPELINE II=1
        output.write(sums[fold]);
    }
}

}  // namespace farm

#endif  // FARM_ACC_POOL_HPP
