// The DMA block: words of card memory to streams of lanes and back.
#pragma once
#include "operators/farm_hls.hpp"

namespace farm {

#ifdef FARM_HOST
template <int BYTES>
struct memory_word {
    typedef lanes<BYTES, 8> type;
    static lanes<BYTES, 8> split(const type& word) { return word; }
};
#else
template <int BYTES>
struct memory_word {
    typedef ap_uint<BYTES * 8> type;
    static lanes<BYTES, 8> split(const type& word) {
#pragma HLS INLINE
        lanes<BYTES, 8> bytes;
    split_word:
        for (int i = 0; i < BYTES; i++) {
#pragma HLS UNROLL
            bytes.lane[i] = word.range(i * 8 + 7, i * 8);
        }
        return bytes;
    }
};
#endif

// Reads ELEMENTS bytes of card memory in words of BYTES and passes them on in beats of LANES elements. A word need not
// be a whole number of beats (64 bytes and 3 channels): what a beat leaves stays in front of the next word. Beat is
// lanes<> or slanes<> with 8 bits a lane.
template <int BYTES, int LANES, int ELEMENTS, class Beat>
void read_memory(const typename memory_word<BYTES>::type* memory, stream<Beat>& out) {
    uint_t<8> waiting[BYTES + LANES];
#pragma HLS ARRAY_PARTITION variable=waiting complete
    int filled = 0;
    int word = 0;
memory_beats:
    for (int beat = 0; beat < ELEMENTS / LANES; beat++) {
#pragma HLS PIPELINE II=1
    memory_words:
        while (filled < LANES) {
            const lanes<BYTES, 8> bytes = memory_word<BYTES>::split(memory[word]);
            word++;
        memory_append:
            for (int i = 0; i < BYTES; i++) {
#pragma HLS UNROLL
                waiting[filled + i] = bytes.lane[i];
            }
            filled += BYTES;
        }
        Beat leaving;
    memory_take:
        for (int i = 0; i < LANES; i++) {
#pragma HLS UNROLL
            leaving.lane[i] = waiting[i];
        }
    memory_shift:
        for (int i = 0; i < BYTES; i++) {
#pragma HLS UNROLL
            waiting[i] = waiting[i + LANES];
        }
        filled -= LANES;
        out.write(leaving);
    }
}

// `images` images of ELEMENTS bytes, one after the other.
template <int BYTES, int LANES, int ELEMENTS>
void read_images(const typename memory_word<BYTES>::type* memory, unsigned int images, stream<lanes<LANES, 8> >& out) {
read_each_image:
    for (unsigned int image = 0; image < images; image++) {
        read_memory<BYTES, LANES, ELEMENTS>(memory + image * (ELEMENTS / BYTES), out);
    }
}

// The whole weight matrix once for each image: the core has no room to keep it.
template <int BYTES, int LANES, int ELEMENTS>
void read_weights(const typename memory_word<BYTES>::type* memory, unsigned int images, stream<slanes<LANES, 8> >& out) {
read_for_each_image:
    for (unsigned int image = 0; image < images; image++) {
        read_memory<BYTES, LANES, ELEMENTS>(memory, out);
    }
}

// BEATS indices of each image.
template <int BEATS>
void write_results(stream<lanes<1, 32> >& in, unsigned int images, uint_t<32>* memory) {
write_each_image:
    for (unsigned int image = 0; image < images; image++) {
    write_indices:
        for (int i = 0; i < BEATS; i++) {
#pragma HLS PIPELINE II=1
            const lanes<1, 32> beat = in.read();
            memory[image * BEATS + i] = beat.lane[0];
        }
    }
}

#ifndef FARM_HOST

// A port of the DMA's top: BEATS words for each image.
template <int BEATS, class Beat>
void unpack_repeated(
    stream<ap_uint<Beat::count * Beat::bits> >& input, unsigned int images, stream<Beat>& output) {
unpack_each_image:
    for (unsigned int image = 0; image < images; image++) {
        unpack_port<BEATS>(input, output);
    }
}

template <int BEATS, class Beat>
void pack_repeated(stream<Beat>& input, unsigned int images, stream<ap_uint<Beat::count * Beat::bits> >& output) {
pack_each_image:
    for (unsigned int image = 0; image < images; image++) {
        pack_port<BEATS>(input, output);
    }
}

#endif

}  // namespace farm
