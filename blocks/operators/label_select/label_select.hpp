// The indices of the K largest signed scores: largest first, and among equal scores the smaller index first.
#ifndef FARM_LABEL_SELECT_HPP
#define FARM_LABEL_SELECT_HPP

#include "../farm_hls.hpp"

namespace farm {

// A sorted list of K ranks. A score is inserted before the first rank with a smaller score. Scores come in the order of
// their indices, so among equal scores the earlier one stays in front.
template <int CLASSES, int LANES, int BITS, int K>
void label_select(stream<slanes<LANES, BITS> >& input, stream<lanes<1, 32> >& output) {
    int_t<BITS> best[K];
    uint_t<32> index[K];
    bool taken[K];
    FARM_PARTITION(best);
    FARM_PARTITION(index);
    FARM_PARTITION(taken);
    label_clear: for (int rank = 0; rank < K; rank++) {
#pragma HLS UNROLL
        best[rank] = 0;
        index[rank] = 0;
        taken[rank] = false;
    }
    label_beats: for (int i = 0; i < CLASSES / LANES; i++) {
#pragma HLS PIPELINE II=1
        const slanes<LANES, BITS> scores = input.read();
        label_lanes: for (int l = 0; l < LANES; l++) {
#pragma HLS UNROLL
            int_t<BITS> score = scores.lane[l];
            uint_t<32> label = i * LANES + l;
            bool valid = true;
            bool moving = false;
            label_ranks: for (int rank = 0; rank < K; rank++) {
#pragma HLS UNROLL
                // Once a score has found its rank, all later ranks move by one, equal scores too.
                if (moving || !taken[rank] || score > best[rank]) {
                    const int_t<BITS> out_score = best[rank];
                    const uint_t<32> out_label = index[rank];
                    const bool out_valid = taken[rank];
                    best[rank] = score;
                    index[rank] = label;
                    taken[rank] = valid;
                    score = out_score;
                    label = out_label;
                    valid = out_valid;
                    moving = true;
                }
            }
        }
    }
    label_drain: for (int rank = 0; rank < K; rank++) {
#pragma HLS PIPELINE II=1
        lanes<1, 32> beat;
        beat.lane[0] = index[rank];
        output.write(beat);
    }
}

}  // namespace farm

#endif  // FARM_LABEL_SELECT_HPP
