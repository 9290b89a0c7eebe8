// Changes the number of elements in a beat, not their order.
#ifndef FARM_WIDTH_CONVERTER_HPP
#define FARM_WIDTH_CONVERTER_HPP

#include "../farm_hls.hpp"

namespace farm {

// LANES_OUT is a multiple of LANES_IN.
template <int LANES_IN, int LANES_OUT, int ELEMENTS, class Input, class Output>
void widen(stream<Input>& input, stream<Output>& output) {
    const int RATIO = LANES_OUT / LANES_IN;
    static_assert(Input::count == LANES_IN && Output::count == LANES_OUT, "the streams have the lanes of the shape");
    static_assert(Input::bits == Output::bits && Input::is_signed == Output::is_signed, "elements stay as they are");
    Output wide;
    FARM_PARTITION(wide.lane);
    widen_beats: for (int i = 0; i < ELEMENTS / LANES_OUT; i++) {
        widen_parts: for (int part = 0; part < RATIO; part++) {
#pragma HLS PIPELINE II=1
            const Input narrow = input.read();
            // Shifting in from the top keeps every index constant; writing at `part` would need a multiplexer.
            widen_shift: for (int l = 0; l < LANES_OUT - LANES_IN; l++) {
#pragma HLS UNROLL
                wide.lane[l] = wide.lane[l + LANES_IN];
            }
            widen_lanes: for (int l = 0; l < LANES_IN; l++) {
#pragma HLS UNROLL
                wide.lane[LANES_OUT - LANES_IN + l] = narrow.lane[l];
            }
            if (part == RATIO - 1) {
                output.write(wide);
            }
        }
    }
}

// LANES_IN is a multiple of LANES_OUT.
template <int LANES_IN, int LANES_OUT, int ELEMENTS, class Input, class Output>
void narrow(stream<Input>& input, stream<Output>& output) {
    const int RATIO = LANES_IN / LANES_OUT;
    static_assert(Input::count == LANES_IN && Output::count == LANES_OUT, "the streams have the lanes of the shape");
    static_assert(Input::bits == Output::bits && Input::is_signed == Output::is_signed, "elements stay as they are");
    Input wide;
    FARM_PARTITION(wide.lane);
    narrow_beats: for (int i = 0; i < ELEMENTS / LANES_IN; i++) {
        narrow_parts: for (int part = 0; part < RATIO; part++) {
#pragma HLS PIPELINE II=1
            if (part == 0) {
                wide = input.read();
            } else {
                narrow_shift: for (int l = 0; l < LANES_IN - LANES_OUT; l++) {
#pragma HLS UNROLL
                    wide.lane[l] = wide.lane[l + LANES_OUT];
                }
            }
            Output beat;
            FARM_PARTITION(beat.lane);
            narrow_lanes: for (int l = 0; l < LANES_OUT; l++) {
#pragma HLS UNROLL
                beat.lane[l] = wide.lane[l];
            }
            output.write(beat);
        }
    }
}

// Any ratio: beats fill a register as wide as the least common multiple of both widths, and then empty it.
template <int LANES_IN, int LANES_OUT, int ELEMENTS, class Input, class Output>
void regroup(stream<Input>& input, stream<Output>& output) {
    const int BOTH = LANES_IN / greatest_divisor<LANES_IN, LANES_OUT>::value * LANES_OUT;
    static_assert(Input::count == LANES_IN && Output::count == LANES_OUT, "the streams have the lanes of the shape");
    static_assert(Input::bits == Output::bits && Input::is_signed == Output::is_signed, "elements stay as they are");
    typename Input::element both[BOTH];
    FARM_PARTITION(both);
    regroup_blocks: for (int block = 0; block < ELEMENTS / BOTH; block++) {
        regroup_fill: for (int part = 0; part < BOTH / LANES_IN; part++) {
#pragma HLS PIPELINE II=1
            const Input beat = input.read();
            regroup_fill_shift: for (int l = 0; l < BOTH - LANES_IN; l++) {
#pragma HLS UNROLL
                both[l] = both[l + LANES_IN];
            }
            regroup_fill_lanes: for (int l = 0; l < LANES_IN; l++) {
#pragma HLS UNROLL
                both[BOTH - LANES_IN + l] = beat.lane[l];
            }
        }
        regroup_drain: for (int part = 0; part < BOTH / LANES_OUT; part++) {
#pragma HLS PIPELINE II=1
            Output beat;
            FARM_PARTITION(beat.lane);
            regroup_drain_lanes: for (int l = 0; l < LANES_OUT; l++) {
#pragma HLS UNROLL
                beat.lane[l] = both[l];
            }
            regroup_drain_shift: for (int l = 0; l < BOTH - LANES_OUT; l++) {
#pragma HLS UNROLL
                both[l] = both[l + LANES_OUT];
            }
            output.write(beat);
        }
    }
}

}  // namespace farm

#endif  // FARM_WIDTH_CONVERTER_HPP
