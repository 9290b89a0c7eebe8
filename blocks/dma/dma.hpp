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

// Reading memory and cutting words into beats are separate processes, joined by a stream of words, as in FINN's
// `Mem2Stream_Batch` and the load/store functions of Vitis_Accel_Examples. HLS infers a burst from a loop only if the
// number of words is known before the request and no access is conditional (UG1399, "Preconditions and Limitations of
// Burst Transfer"; UG1448, "Burst Inference Failure 10"). A loop that checks its leftover bytes before it fetches would
// read single words and wait out the memory latency for each. So the loops that touch memory have a fixed trip count
// and do nothing else; the process behind the FIFO decides when it needs a word.
//
// LOOP_FLATTEN off is for 2019.2, which infers no bursts from flattened loops (UG902, "AXI4 burst transfers"). It costs
// one memory latency between two images, during which the later processes empty the FIFOs.

// WORDS words for each of `images` images, one image after the other.
template <int BYTES, int WORDS>
void read_image_words(
    const typename memory_word<BYTES>::type* memory, unsigned int images,
    stream<typename memory_word<BYTES>::type>& words) {
read_each_image:
    for (unsigned int image = 0; image < images; image++) {
        // As wide as an address: with a narrower sum, which may wrap, HLS cannot prove that the words are consecutive.
        const unsigned long long first = (unsigned long long)image * WORDS;
    image_words:
        for (int word = 0; word < WORDS; word++) {
#pragma HLS LOOP_FLATTEN off
#pragma HLS PIPELINE II=1
            words.write(memory[first + word]);
        }
    }
}

// The whole weight matrix once for each image, for a core that has no memory for it.
template <int BYTES, int WORDS>
void read_weight_words(
    const typename memory_word<BYTES>::type* memory, unsigned int images,
    stream<typename memory_word<BYTES>::type>& words) {
read_for_each_image:
    for (unsigned int image = 0; image < images; image++) {
    weight_words:
        for (int word = 0; word < WORDS; word++) {
#pragma HLS LOOP_FLATTEN off
#pragma HLS PIPELINE II=1
            words.write(memory[word]);
        }
    }
}

// The whole weight matrix once for all images of a call.
template <int BYTES, int WORDS>
void read_weight_words_once(
    const typename memory_word<BYTES>::type* memory, unsigned int images,
    stream<typename memory_word<BYTES>::type>& words) {
    read_weight_words<BYTES, WORDS>(memory, images == 0 ? 0 : 1, words);
}

// COUNT units of the first image go on as they arrive and are kept; the other images get them from UltraRAM. A unit is a
// word of memory or, in `replay_beats`, a beat.
//
// The promise is kept: within a run of the inner loop all accesses write, or all of them read, and no run begins before
// the one before it has ended, because the loops are not flattened.
template <int COUNT, class Word>
void replay_words(stream<Word>& in, unsigned int images, stream<Word>& out) {
    Word kept[COUNT];
    FARM_URAM(kept);
replay_each_image:
    for (unsigned int image = 0; image < images; image++) {
    replay_units:
        for (int unit = 0; unit < COUNT; unit++) {
#pragma HLS LOOP_FLATTEN off
#pragma HLS PIPELINE II=1
#pragma HLS DEPENDENCE variable=kept inter false
            Word word;
            if (image == 0) {
                word = in.read();
                kept[unit] = word;
            } else {
                word = kept[unit];
            }
            out.write(word);
        }
    }
}

// The same for beats, which are structs: each stays one wide word.
template <int COUNT, class Beat>
void replay_beats(stream<Beat>& in, unsigned int images, stream<Beat>& out) {
    Beat kept[COUNT];
    FARM_PACK(kept);
    FARM_URAM(kept);
replay_each_image:
    for (unsigned int image = 0; image < images; image++) {
    replay_units:
        for (int unit = 0; unit < COUNT; unit++) {
#pragma HLS LOOP_FLATTEN off
#pragma HLS PIPELINE II=1
#pragma HLS DEPENDENCE variable=kept inter false
            Beat beat;
            if (image == 0) {
                beat = in.read();
                kept[unit] = beat;
            } else {
                beat = kept[unit];
            }
            out.write(beat);
        }
    }
}

// Words of BYTES to beats of LANES bytes, ELEMENTS bytes for each image. Neither size need divide the other (64 bytes
// and 3 channels): leftover bytes stay in front of the next word. A step takes a word, gives a beat, or does both, so
// the wider side moves once a cycle. Beat is lanes<> or slanes<> with 8 bits a lane.
template <int BYTES, int LANES, int ELEMENTS, class Beat>
void words_to_beats(stream<typename memory_word<BYTES>::type>& words, unsigned int images, stream<Beat>& out) {
    // Bytes that always move together. A beat is BEAT units, and a new word goes to one of BEAT places. If a word is a
    // whole number of beats, there is one place and no multiplexer.
    const int UNIT = greatest_divisor<BYTES, LANES>::value;
    const int WORD = BYTES / UNIT;
    const int BEAT = LANES / UNIT;
    const int STEPS = ELEMENTS / (BYTES < LANES ? BYTES : LANES);
    static_assert(Beat::count == LANES && Beat::bits == 8, "a lane is a byte");
    static_assert(ELEMENTS % BYTES == 0 && ELEMENTS % LANES == 0, "an image is whole words and whole beats");
    static_assert(WORD + BEAT < 1024, "the fill is counted in 10 bits");
    uint_t<8> waiting[BYTES + LANES];
    FARM_PARTITION(waiting);
convert_each_image:
    for (unsigned int image = 0; image < images; image++) {
        uint_t<10> filled = 0;
    convert_steps:
        for (int step = 0; step < STEPS; step++) {
#pragma HLS PIPELINE II=1
            if (filled < BEAT) {
                const lanes<BYTES, 8> bytes = memory_word<BYTES>::split(words.read());
            word_places:
                for (int place = 0; place < BEAT; place++) {
#pragma HLS UNROLL
                    if (filled == place) {
                    word_append:
                        for (int i = 0; i < BYTES; i++) {
#pragma HLS UNROLL
                            waiting[place * UNIT + i] = bytes.lane[i];
                        }
                    }
                }
                filled = filled + WORD;
            }
            if (filled >= BEAT) {
                Beat leaving;
            beat_take:
                for (int i = 0; i < LANES; i++) {
#pragma HLS UNROLL
                    leaving.lane[i] = waiting[i];
                }
            beat_shift:
                for (int i = 0; i < BYTES; i++) {
#pragma HLS UNROLL
                    waiting[i] = waiting[i + LANES];
                }
                filled = filled - BEAT;
                out.write(leaving);
            }
        }
    }
}

// The same for words that come once for all images of a call.
template <int BYTES, int LANES, int ELEMENTS, class Beat>
void words_to_beats_once(
    stream<typename memory_word<BYTES>::type>& words, unsigned int images, stream<Beat>& out) {
    words_to_beats<BYTES, LANES, ELEMENTS>(words, images == 0 ? 0 : 1, out);
}

// BEATS indices to card memory. This is not inlined, because HLS would infer one burst over all images, request it at
// the start, and block the bus until the last image's indices arrive.
template <int BEATS>
void write_indices(const uint_t<32>* indices, uint_t<32>* memory) {
#pragma HLS INLINE off
index_words:
    for (int i = 0; i < BEATS; i++) {
#pragma HLS PIPELINE II=1
        memory[i] = indices[i];
    }
}

// BEATS indices of each image, written once all of them have arrived.
template <int BEATS>
void write_results(stream<lanes<1, 32> >& in, unsigned int images, uint_t<32>* memory) {
write_each_image:
    for (unsigned int image = 0; image < images; image++) {
        uint_t<32> indices[BEATS];
    collect_indices:
        for (int i = 0; i < BEATS; i++) {
#pragma HLS PIPELINE II=1
            const lanes<1, 32> beat = in.read();
            indices[i] = beat.lane[0];
        }
        write_indices<BEATS>(indices, memory + (unsigned long long)image * BEATS);
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
