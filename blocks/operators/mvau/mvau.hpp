// Matrix-vector units: CHANNELS dot products of SYNAPSES unsigned activations per pixel, PE x SIMD products a cycle.
// The activations of a pixel are read in the first neuron fold and stored for the others.
#ifndef FARM_MVAU_HPP
#define FARM_MVAU_HPP

#include "../farm_hls.hpp"

namespace farm {

// Binary weights, SIMD bits per PE in one or several words: bit 1 is +1, bit 0 is -1.
//
// With a = sum over k of 2^k a_k the dot product is 2 * sum over k of 2^k popcount(w & a_k) - sum of a. So activations
// are stored as bit planes, in words like the weights, and all PEs share the sum of a.
template <int SYNAPSES, int CHANNELS, int PE, int SIMD, int INPUT_BITS, int ACC_BITS, int PIXELS, int MMV,
          class Parameters>
void mvau_binary(stream<lanes<MMV * SIMD, INPUT_BITS> >& input, Parameters& weights,
                 stream<slanes<MMV * PE, ACC_BITS> >& output) {
    const int NEURON_FOLDS = (CHANNELS + PE - 1) / PE;
    const int SYNAPSE_FOLDS = SYNAPSES / SIMD;
    const int WORD = source_beat<Parameters>::type::bits;
    const int WORDS = SIMD / WORD;
    // Bits of the sum that one beat adds. They hold +-2 * SIMD * (2^INPUT_BITS - 1).
    const int BEAT_BITS = INPUT_BITS + (SIMD <= 64 ? 8 : SIMD <= 1024 ? 12 : 32);
    static_assert(SIMD % WORD == 0, "the weights of a PE are whole words");

    uint_t<WORD> planes[SYNAPSE_FOLDS][MMV * INPUT_BITS * WORDS];
    FARM_PARTITION_DIM(planes, 2);
    FARM_LUTRAM(planes);
    slanes<MMV * PE, ACC_BITS> sums;
    FARM_PARTITION(sums.lane);

    mvau_pixels: for (int group = 0; group < PIXELS / MMV; group++) {
        mvau_neurons: for (int nf = 0; nf < NEURON_FOLDS; nf++) {
            mvau_synapses: for (int sf = 0; sf < SYNAPSE_FOLDS; sf++) {
#pragma HLS PIPELINE II=1
                uint_t<WORD> now[MMV * INPUT_BITS * WORDS];
                FARM_PARTITION(now);
                if (nf == 0) {
                    const lanes<MMV * SIMD, INPUT_BITS> beat = input.read();
                    mvau_gather: for (int m = 0; m < MMV; m++) {
#pragma HLS UNROLL
                        mvau_gather_planes: for (int k = 0; k < INPUT_BITS; k++) {
#pragma HLS UNROLL
                            mvau_gather_words: for (int w = 0; w < WORDS; w++) {
#pragma HLS UNROLL
                                const int at = (m * INPUT_BITS + k) * WORDS + w;
                                now[at] = bit_plane<WORD>(beat, m * SIMD + w * WORD, k);
                                planes[sf][at] = now[at];
                            }
                        }
                    }
                } else {
                    mvau_replay: for (int k = 0; k < MMV * INPUT_BITS * WORDS; k++) {
#pragma HLS UNROLL
                        now[k] = planes[sf][k];
                    }
                }
                int_t<BEAT_BITS> totals[MMV];
                FARM_PARTITION(totals);
                mvau_totals: for (int m = 0; m < MMV; m++) {
#pragma HLS UNROLL
                    totals[m] = 0;
                    mvau_total_planes: for (int k = 0; k < INPUT_BITS; k++) {
#pragma HLS UNROLL
                        mvau_total_words: for (int w = 0; w < WORDS; w++) {
#pragma HLS UNROLL
                            totals[m] += (int_t<BEAT_BITS>)popcount<WORD>(now[(m * INPUT_BITS + k) * WORDS + w]) << k;
                        }
                    }
                }
                const typename source_beat<Parameters>::type& word = weights.read();
                mvau_pes: for (int p = 0; p < PE; p++) {
#pragma HLS UNROLL
                    mvau_group: for (int m = 0; m < MMV; m++) {
#pragma HLS UNROLL
                        int_t<BEAT_BITS> ones = 0;
                        mvau_planes: for (int k = 0; k < INPUT_BITS; k++) {
#pragma HLS UNROLL
                            mvau_words: for (int w = 0; w < WORDS; w++) {
#pragma HLS UNROLL
                                const uint_t<WORD> hit =
                                    word.lane[p * WORDS + w] & now[(m * INPUT_BITS + k) * WORDS + w];
                                ones += (int_t<BEAT_BITS>)popcount<WORD>(hit) << k;
                            }
                        }
                        const int_t<ACC_BITS> before = sf == 0 ? (int_t<ACC_BITS>)0 : sums.lane[m * PE + p];
                        sums.lane[m * PE + p] = before + 2 * ones - totals[m];
                    }
                }
                if (sf == SYNAPSE_FOLDS - 1) {
                    output.write(sums);
                }
            }
        }
    }
}

// Two's complement weights, lane p * SIMD + s. The weights come from a memory or, once per image, from a stream.
template <int SYNAPSES, int CHANNELS, int PE, int SIMD, int INPUT_BITS, int WEIGHT_BITS, int ACC_BITS, int PIXELS,
          int MMV, class Parameters>
void mvau_integer(stream<lanes<MMV * SIMD, INPUT_BITS> >& input, Parameters& weights,
                  stream<slanes<MMV * PE, ACC_BITS> >& output) {
    const int NEURON_FOLDS = (CHANNELS + PE - 1) / PE;
    const int SYNAPSE_FOLDS = SYNAPSES / SIMD;

    lanes<MMV * SIMD, INPUT_BITS> kept[SYNAPSE_FOLDS];
    FARM_PACK(kept);
    FARM_LUTRAM(kept);
    slanes<MMV * PE, ACC_BITS> sums;
    FARM_PARTITION(sums.lane);

    mvau_pixels: for (int group = 0; group < PIXELS / MMV; group++) {
        mvau_neurons: for (int nf = 0; nf < NEURON_FOLDS; nf++) {
            mvau_synapses: for (int sf = 0; sf < SYNAPSE_FOLDS; sf++) {
#pragma HLS PIPELINE II=1
                lanes<MMV * SIMD, INPUT_BITS> now;
                FARM_PARTITION(now.lane);
                if (nf == 0) {
                    now = input.read();
                    kept[sf] = now;
                } else {
                    now = kept[sf];
                }
                const typename source_beat<Parameters>::type& word = weights.read();
                mvau_pes: for (int p = 0; p < PE; p++) {
#pragma HLS UNROLL
                    mvau_group: for (int m = 0; m < MMV; m++) {
#pragma HLS UNROLL
                        int_t<ACC_BITS> sum = sf == 0 ? (int_t<ACC_BITS>)0 : sums.lane[m * PE + p];
                        mvau_lanes: for (int s = 0; s < SIMD; s++) {
#pragma HLS UNROLL
                            const int_t<INPUT_BITS + 1> activation = now.lane[m * SIMD + s];
                            const int_t<WEIGHT_BITS> weight = word.lane[p * SIMD + s];
                            sum = multiply_add<ACC_BITS, WEIGHT_BITS, INPUT_BITS + 1>(sum, weight, activation);
                        }
                        sums.lane[m * PE + p] = sum;
                    }
                }
                if (sf == SYNAPSE_FOLDS - 1) {
                    output.write(sums);
                }
            }
        }
    }
}

}  // namespace farm

#endif  // FARM_MVAU_HPP
