// out = A_FACTOR * a + B_FACTOR * b - OFFSET, saturated to both ends of the output range.
#ifndef FARM_ADD_HPP
#define FARM_ADD_HPP

#include "../farm_hls.hpp"

namespace farm {

// B is a stream or the memory of a trained bias. SUM_BITS holds every sum, the offset and both ends of the output.
template <int LANES, int BEATS, int SUM_BITS, int OUTPUT_BITS, bool OUTPUT_SIGNED, int OFFSET, int A_FACTOR = 1,
          int B_FACTOR = 1, class A, class B>
void add(stream<A>& a, B& b, stream<typename beat_of<OUTPUT_SIGNED, LANES, OUTPUT_BITS>::type>& output) {
    typedef int_t<SUM_BITS> sum_t;
    typedef typename beat_of<OUTPUT_SIGNED, LANES, OUTPUT_BITS>::type output_t;
    typedef typename element_of<OUTPUT_SIGNED, OUTPUT_BITS>::type element_t;
    static_assert(A::count == LANES, "a has as many lanes as the output");
    static_assert(source_beat<B>::type::count == LANES, "b has as many lanes as the output");
    const sum_t HIGHEST = (sum_t)range_of<OUTPUT_SIGNED, OUTPUT_BITS>::highest;
    const sum_t LOWEST = (sum_t)range_of<OUTPUT_SIGNED, OUTPUT_BITS>::lowest;
    add_beats: for (int i = 0; i < BEATS; i++) {
#pragma HLS PIPELINE II=1
        const A left = a.read();
        const typename source_beat<B>::type& right = b.read();
        output_t beat;
        FARM_PARTITION(beat.lane);
        add_lanes: for (int l = 0; l < LANES; l++) {
#pragma HLS UNROLL
            sum_t sum = (sum_t)((sum_t)left.lane[l] * (sum_t)A_FACTOR);
            sum = sum + (sum_t)((sum_t)right.lane[l] * (sum_t)B_FACTOR);
            sum = sum - (sum_t)OFFSET;
            if (sum > HIGHEST) {
                sum = HIGHEST;
            }
            if (sum < LOWEST) {
                sum = LOWEST;
            }
            beat.lane[l] = (element_t)sum;
        }
        output.write(beat);
    }
}

}  // namespace farm

#endif  // FARM_ADD_HPP
