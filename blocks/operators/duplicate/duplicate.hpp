// Copies one stream to two.
#ifndef FARM_DUPLICATE_HPP
#define FARM_DUPLICATE_HPP

#include "../farm_hls.hpp"

namespace farm {

template <int BEATS, class Beat>
void duplicate(stream<Beat>& input, stream<Beat>& first, stream<Beat>& second) {
    duplicate_beats: for (int i = 0; i < BEATS; i++) {
#pragma HLS PIPELINE II=1
        const Beat beat = input.read();
        first.write(beat);
        second.write(beat);
    }
}

}  // namespace farm

#endif  // FARM_DUPLICATE_HPP
