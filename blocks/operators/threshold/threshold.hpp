// Threshold activation: the number of a channel's thresholds that are at most the value (equality counts).
#ifndef FARM_THRESHOLD_HPP
#define FARM_THRESHOLD_HPP

#include "../farm_hls.hpp"

namespace farm {

// A beat of parameters holds the thresholds of PE channels: lane p * (2^OUTPUT_BITS - 1) + k. With INVERTS a bit for
// each channel follows, as many in a lane as it has bits: where it is 1, the bits of the count are inverted.
template <int CHANNELS, int PIXELS, int PE, int OUTPUT_BITS, bool INVERTS = false, class Input, class Parameters>
void threshold(stream<Input>& input, Parameters& thresholds, stream<lanes<PE, OUTPUT_BITS> >& output) {
    const int STEPS = (1 << OUTPUT_BITS) - 1;
    static_assert(Input::count == PE, "a beat of input holds PE channels");
    threshold_beats: for (int beat = 0; beat < PIXELS * ((CHANNELS + PE - 1) / PE); beat++) {
#pragma HLS PIPELINE II=1
        const Input values = input.read();
        const typename source_beat<Parameters>::type& limits = thresholds.read();
        lanes<PE, OUTPUT_BITS> counts;
        FARM_PARTITION(counts.lane);
        threshold_pes: for (int p = 0; p < PE; p++) {
#pragma HLS UNROLL
            uint_t<OUTPUT_BITS> count = 0;
            threshold_steps: for (int k = 0; k < STEPS; k++) {
#pragma HLS UNROLL
                count += limits.lane[p * STEPS + k] <= values.lane[p] ? 1 : 0;
            }
            if (INVERTS) {
                const int WORD = source_beat<Parameters>::type::bits;
                const int at = PE * STEPS + p / WORD;
                if ((limits.lane[INVERTS ? at : 0] >> (p % WORD)) & 1) {
                    count = (uint_t<OUTPUT_BITS>)(STEPS - count);
                }
            }
            counts.lane[p] = count;
        }
        output.write(counts);
    }
}

}  // namespace farm

#endif  // FARM_THRESHOLD_HPP
