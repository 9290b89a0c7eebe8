// Pixels that a matrix-vector unit computed side by side leave one after the other.
#ifndef FARM_DEINTERLEAVE_HPP
#define FARM_DEINTERLEAVE_HPP

#include "../farm_hls.hpp"

namespace farm {

// A group is FOLDS beats of PE channels of MMV pixels. While one group leaves, pixel by pixel, the next one arrives.
template <int MMV, int PE, int FOLDS, int GROUPS, class Input, class Output>
void deinterleave(stream<Input>& input, stream<Output>& output) {
    static_assert(Input::count == MMV * PE && Output::count == PE, "the streams have the lanes of the shape");
    static_assert(Input::bits == Output::bits && Input::is_signed == Output::is_signed, "elements stay as they are");
    Input kept[2][FOLDS];
    FARM_PACK(kept);
    FARM_PARTITION_DIM(kept, 1);
    FARM_LUTRAM(kept);
    deinterleave_first: for (int fold = 0; fold < FOLDS; fold++) {
#pragma HLS PIPELINE II=1
        kept[0][fold] = input.read();
    }
    int half = 0;
    deinterleave_groups: for (int group = 0; group < GROUPS; group++) {
// If flattened, a group's first beat could be read before it is written.
#pragma HLS LOOP_FLATTEN off
        int pixel = 0;
        int fold = 0;
        int phase = 0;
        int next = 0;
        deinterleave_beats: for (int i = 0; i < MMV * FOLDS; i++) {
#pragma HLS PIPELINE II=1
// A group is written to the half that is not read.
#pragma HLS DEPENDENCE variable=kept inter false
            if (phase == 0 && group + 1 < GROUPS) {
                kept[1 - half][next] = input.read();
                next++;
            }
            phase = phase + 1 == MMV ? 0 : phase + 1;
            const Input now = kept[half][fold];
            Output beat;
            FARM_PARTITION(beat.lane);
            deinterleave_pixels: for (int m = 0; m < MMV; m++) {
#pragma HLS UNROLL
                if (pixel == m) {
                    deinterleave_lanes: for (int p = 0; p < PE; p++) {
#pragma HLS UNROLL
                        beat.lane[p] = now.lane[m * PE + p];
                    }
                }
            }
            output.write(beat);
            fold++;
            if (fold == FOLDS) {
                fold = 0;
                pixel++;
            }
        }
        half = 1 - half;
    }
}

}  // namespace farm

#endif  // FARM_DEINTERLEAVE_HPP
