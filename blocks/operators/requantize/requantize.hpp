// Requantize: clamp((value * multiplier + addend) >> SHIFT, 0, 2^OUTPUT_BITS - 1), channel by channel.
#ifndef FARM_REQUANTIZE_HPP
#define FARM_REQUANTIZE_HPP

#include "../farm_hls.hpp"

namespace farm {

// VALUE_BITS hold a value in two's complement, SUM_BITS every product plus addend. The shift rounds down.
template <int CHANNELS, int PIXELS, int PE, int VALUE_BITS, int MULTIPLIER_BITS, int SUM_BITS, int SHIFT,
          int OUTPUT_BITS, class Input, class Multipliers, class Addends>
void requantize(stream<Input>& input, Multipliers& multipliers, Addends& addends,
                stream<lanes<PE, OUTPUT_BITS> >& output) {
    typedef int_t<SUM_BITS> sum_t;
    static_assert(Input::count == PE, "a beat of input holds PE channels");
    const sum_t HIGHEST = (sum_t)range_of<false, OUTPUT_BITS>::highest;
    requantize_beats: for (int beat = 0; beat < PIXELS * (CHANNELS / PE); beat++) {
#pragma HLS PIPELINE II=1
        const Input values = input.read();
        const typename source_beat<Multipliers>::type& factors = multipliers.read();
        const typename source_beat<Addends>::type& terms = addends.read();
        lanes<PE, OUTPUT_BITS> codes;
        FARM_PARTITION(codes.lane);
        requantize_lanes: for (int p = 0; p < PE; p++) {
#pragma HLS UNROLL
            const int_t<VALUE_BITS> value = values.lane[p];
            const int_t<MULTIPLIER_BITS> factor = factors.lane[p];
            const sum_t term = (sum_t)terms.lane[p];
            sum_t scaled = multiply_add<SUM_BITS, MULTIPLIER_BITS, VALUE_BITS>(term, factor, value);
            scaled = (sum_t)(scaled >> SHIFT);
            if (scaled > HIGHEST) {
                scaled = HIGHEST;
            }
            if (scaled < 0) {
                scaled = 0;
            }
            codes.lane[p] = (uint_t<OUTPUT_BITS>)scaled;
        }
        output.write(codes);
    }
}

}  // namespace farm

#endif  // FARM_REQUANTIZE_HPP
