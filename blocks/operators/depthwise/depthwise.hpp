// Depthwise products: every channel's window times weights of its own, PE channels at once.
#ifndef FARM_DEPTHWISE_HPP
#define FARM_DEPTHWISE_HPP

#include "../farm_hls.hpp"

namespace farm {

// Columns and weights come kernel position outermost, channel folds inside; each fold keeps its sums meanwhile. A
// weight of 1 bit is +1 where it is set, else -1.
template <int CHANNELS, int POSITIONS, int PE, int INPUT_BITS, int WEIGHT_BITS, int ACC_BITS, int PIXELS,
          class Parameters>
void depthwise(stream<lanes<PE, INPUT_BITS> >& input, Parameters& weights, stream<slanes<PE, ACC_BITS> >& output) {
    const int FOLDS = CHANNELS / PE;
    slanes<PE, ACC_BITS> sums[FOLDS];
    FARM_PACK(sums);
    FARM_LUTRAM(sums);
    depthwise_pixels: for (int pixel = 0; pixel < PIXELS; pixel++) {
        depthwise_positions: for (int position = 0; position < POSITIONS; position++) {
            depthwise_folds: for (int fold = 0; fold < FOLDS; fold++) {
#pragma HLS PIPELINE II=1
                const lanes<PE, INPUT_BITS> values = input.read();
                const typename source_beat<Parameters>::type& beat = weights.read();
                const slanes<PE, ACC_BITS> before = sums[fold];
                slanes<PE, ACC_BITS> after;
                FARM_PARTITION(after.lane);
                depthwise_lanes: for (int p = 0; p < PE; p++) {
#pragma HLS UNROLL
                    const int_t<ACC_BITS> start = position == 0 ? (int_t<ACC_BITS>)0 : before.lane[p];
                    const int_t<INPUT_BITS + 1> activation = values.lane[p];
                    int_t<WEIGHT_BITS + 1> weight = beat.lane[p];
                    if (WEIGHT_BITS == 1) {
                        weight = weight == 0 ? -1 : 1;
                    }
                    after.lane[p] = multiply_add<ACC_BITS, WEIGHT_BITS + 1, INPUT_BITS + 1>(start, weight, activation);
                }
                sums[fold] = after;
                if (position == POSITIONS - 1) {
                    output.write(after);
                }
            }
        }
    }
}

}  // namespace farm

#endif  // FARM_DEPTHWISE_HPP
