// Passes beats on. The output stream is the buffer: the body declares it with #pragma HLS STREAM depth=DEPTH.
#ifndef FARM_FIFO_HPP
#define FARM_FIFO_HPP

#include "../farm_hls.hpp"

namespace farm {

template <int BEATS, int DEPTH, class Beat> void fifo(stream<Beat>& input, stream<Beat>& output) {
    static_assert(DEPTH >= 1, "a FIFO holds at least one beat");
    fifo_beats: for (int i = 0; i < BEATS; i++) {
#pragma HLS PIPELINE II=1
        output.write(input.read());
    }
}

}  // namespace farm

#endif  // FARM_FIFO_HPP
