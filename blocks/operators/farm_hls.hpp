// The types and helpers that every operator body is written in.
//
// Two modes. With FARM_HOST (set by the "host" release header) lanes are the smallest native integers and streams are
// growing ring buffers, so emulation is fast. Without it lanes are ap_uint / ap_int and streams are hls::stream;
// synthesis reads this mode. Both compile the same bodies. Bodies must not rely on wrap-around, because a native
// integer wraps at 8, 16, 32 or 64 bits and an ap_uint<B> at B.
#ifndef FARM_HLS_HPP
#define FARM_HLS_HPP

#include "farm_release.hpp"

#ifdef FARM_HOST
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#else
#include <ap_int.h>
#include <hls_stream.h>
#endif

namespace farm {

#ifdef FARM_HOST

template <int BYTES> struct native;
template <> struct native<1> { typedef std::uint8_t natural; typedef std::int8_t integer; };
template <> struct native<2> { typedef std::uint16_t natural; typedef std::int16_t integer; };
template <> struct native<4> { typedef std::uint32_t natural; typedef std::int32_t integer; };
template <> struct native<8> { typedef std::uint64_t natural; typedef std::int64_t integer; };

template <int B> struct native_bytes {
    static_assert(B >= 1 && B <= 64, "a lane has 1 to 64 bits");
    static const int value = B <= 8 ? 1 : B <= 16 ? 2 : B <= 32 ? 4 : 8;
};

template <int B> using uint_t = typename native<native_bytes<B>::value>::natural;
template <int B> using int_t = typename native<native_bytes<B>::value>::integer;

// Read while empty. In hardware the core would deadlock, so the emulation stops and names the stream.
class stream_error : public std::runtime_error {
  public:
    explicit stream_error(const std::string& what) : std::runtime_error(what) {}
};

// Out of line, as `grow` is: g++ would compile what is rare into every read and write of a body.
__attribute__((noinline, cold, noreturn)) inline void read_while_empty(const char* name) {
    throw stream_error(std::string("stream '") + name + "' was read while empty");
}

// A first-in first-out queue without a limit. `high_water` is the highest fill seen: how deep a FIFO this run needs.
// `name` must outlive the stream.
template <class T> class stream {
  public:
    explicit stream(const char* name) : name_(name), ring_(0), places_(0), head_(0), size_(0), high_water_(0) {}
    ~stream() { delete[] ring_; }

    T read() {
        if (size_ == 0) {
            read_while_empty(name_);
        }
        const std::size_t at = head_;
        head_ = (head_ + 1) & (places_ - 1);
        size_--;
        return ring_[at];
    }

    void write(const T& value) {
        if (size_ == places_) {
            grow();
        }
        ring_[(head_ + size_) & (places_ - 1)] = value;
        size_++;
        if (size_ > high_water_) {
            high_water_ = size_;
        }
    }

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    std::size_t high_water() const { return high_water_; }

  private:
    stream(const stream&);
    stream& operator=(const stream&);

    // The number of places stays a power of two, so a mask wraps the index.
    __attribute__((noinline)) void grow() {
        const std::size_t places = places_ == 0 ? 16 : places_ * 2;
        T* wider = new T[places];
        move_ring: for (std::size_t i = 0; i < size_; i++) {
            wider[i] = ring_[(head_ + i) & (places_ - 1)];
        }
        delete[] ring_;
        ring_ = wider;
        places_ = places;
        head_ = 0;
    }

    const char* name_;
    T* ring_;
    std::size_t places_;
    std::size_t head_;
    std::size_t size_;
    std::size_t high_water_;
};

// A parameter memory as an endless stream: repeats its `depth` beats without copying them.
template <class T> class cyclic {
  public:
    cyclic(const T* beats, std::size_t depth) : beats_(beats), depth_(depth), at_(0) {}

    const T& read() {
        const T& beat = beats_[at_];
        at_++;
        if (at_ == depth_) {
            at_ = 0;
        }
        return beat;
    }

  private:
    const T* beats_;
    std::size_t depth_;
    std::size_t at_;
};

#else

template <int B> using uint_t = ap_uint<B>;
template <int B> using int_t = ap_int<B>;
template <class T> using stream = hls::stream<T>;

#endif

// One beat of a stream: N unsigned elements of B bits, element 0 in the lowest bits of the port.
template <int N, int B> struct lanes {
    static const int count = N;
    static const int bits = B;
    static const bool is_signed = false;
    typedef uint_t<B> element;
    uint_t<B> lane[N];
};

// One beat of a stream: N two's complement elements of B bits.
template <int N, int B> struct slanes {
    static const int count = N;
    static const int bits = B;
    static const bool is_signed = true;
    typedef int_t<B> element;
    int_t<B> lane[N];
};

// The type that one read returns, from a stream or (on the host) from a parameter memory.
template <class Source> struct source_beat;
template <class T> struct source_beat<stream<T> > { typedef T type; };
#ifdef FARM_HOST
template <class T> struct source_beat<cyclic<T> > { typedef T type; };
#endif

// The greatest common divisor, as a constant.
template <int A, int B> struct greatest_divisor { static const int value = greatest_divisor<B, A % B>::value; };
template <int A> struct greatest_divisor<A, 0> { static const int value = A; };

// Unsigned or two's complement, chosen by a template argument.
template <bool SIGNED, int B> struct element_of { typedef uint_t<B> type; };
template <int B> struct element_of<true, B> { typedef int_t<B> type; };
template <bool SIGNED, int N, int B> struct beat_of { typedef lanes<N, B> type; };
template <int N, int B> struct beat_of<true, N, B> { typedef slanes<N, B> type; };

// The ends of a lane's range. The unsigned detour avoids shifting a 1 into the sign bit, which is undefined.
template <bool SIGNED, int B> struct range_of {
    static const unsigned long long half = (1ULL << (B - 1)) - 1;
    static const long long highest = (long long)(SIGNED ? half : half * 2 + 1);
    static const long long lowest = SIGNED ? -highest - 1 : 0;
};

// sum + a * b; all intermediate values fit into SUM bits. Synthesis gets factors of their own width, because wider ones
// would take more DSPs. The host widens the factors to SUM bits first and multiplies at that width.
template <int SUM, int A, int B>
inline int_t<SUM> multiply_add(const int_t<SUM>& sum, const int_t<A>& a, const int_t<B>& b) {
#pragma HLS INLINE
#ifdef FARM_HOST
    return (int_t<SUM>)(sum + (int_t<SUM>)a * (int_t<SUM>)b);
#else
    return sum + a * b;
#endif
}

// Ones in a word of W bits, as synthesis sees it: an adder tree after unrolling.
template <int W> inline uint_t<7> popcount_loop(const uint_t<W>& word) {
#pragma HLS INLINE
    uint_t<7> ones = 0;
    popcount_bits: for (int i = 0; i < W; i++) {
#pragma HLS UNROLL
        ones = ones + (uint_t<7>)((word >> i) & 1);
    }
    return ones;
}

// Ones in a word of W bits. On the host the loop would cost W times as much as the machine's own instruction.
template <int W> inline uint_t<7> popcount(const uint_t<W>& word) {
#pragma HLS INLINE
    static_assert(W >= 1 && W <= 64, "popcount takes one word of 1 to 64 bits");
#ifdef FARM_HOST
    return (uint_t<7>)__builtin_popcountll(word);
#else
    return popcount_loop<W>(word);
#endif
}

// Bit `bit` of the SIMD elements from `first` on, gathered in one word, element 0 in bit 0, as synthesis sees it.
template <int SIMD, class Beat> inline uint_t<SIMD> bit_plane_loop(const Beat& beat, int first, int bit) {
#pragma HLS INLINE
    uint_t<SIMD> plane = 0;
    plane_bits: for (int s = 0; s < SIMD; s++) {
#pragma HLS UNROLL
        plane = plane | (uint_t<SIMD>)((uint_t<SIMD>)((beat.lane[first + s] >> bit) & 1) << s);
    }
    return plane;
}

// The same word; on the host eight elements of up to 8 bits are gathered by one multiplication.
template <int SIMD, class Beat> inline uint_t<SIMD> bit_plane(const Beat& beat, int first, int bit) {
#pragma HLS INLINE
#ifdef FARM_HOST
    if (sizeof(beat.lane[0]) == 1 && SIMD % 8 == 0) {
        std::uint64_t plane = 0;
        plane_bytes: for (int s = 0; s < SIMD; s += 8) {
            std::uint64_t eight;
            // The host is little-endian (x86-64): element s is the lowest byte.
            std::memcpy(&eight, &beat.lane[first + s], 8);
            eight = (eight >> bit) & 0x0101010101010101ULL;
            plane |= ((eight * 0x0102040810204080ULL) >> 56) << s;
        }
        return (uint_t<SIMD>)plane;
    }
#endif
    return bit_plane_loop<SIMD>(beat, first, bit);
}

// A parameter whose beats are wider than a port may be comes on several ports: BEATS times the lanes of `low`, then
// those of `high`, become one beat.
template <int BEATS, class Low, class High, class Joined>
void join_beats(Low& low, High& high, stream<Joined>& output) {
    typedef typename source_beat<Low>::type low_beat;
    typedef typename source_beat<High>::type high_beat;
    static_assert(low_beat::count + high_beat::count == Joined::count, "a beat has the lanes of both parts");
    join_beats: for (int i = 0; i < BEATS; i++) {
#pragma HLS PIPELINE II=1
        const low_beat& first = low.read();
        const high_beat& second = high.read();
        Joined joined;
        FARM_PARTITION(joined.lane);
        join_low: for (int l = 0; l < low_beat::count; l++) {
#pragma HLS UNROLL
            joined.lane[l] = first.lane[l];
        }
        join_high: for (int l = 0; l < high_beat::count; l++) {
#pragma HLS UNROLL
            joined.lane[low_beat::count + l] = second.lane[l];
        }
        output.write(joined);
    }
}

#ifndef FARM_HOST

// One beat as the data of an AXI4-Stream port, element 0 in the lowest bits.
template <class Beat> inline ap_uint<Beat::count * Beat::bits> pack(const Beat& beat) {
#pragma HLS INLINE
    ap_uint<Beat::count * Beat::bits> word;
    pack_lanes: for (int i = 0; i < Beat::count; i++) {
#pragma HLS UNROLL
        word.range(Beat::bits * i + Beat::bits - 1, Beat::bits * i) = ap_uint<Beat::bits>(beat.lane[i]);
    }
    return word;
}

// The data of an AXI4-Stream port as one beat.
template <class Beat> inline Beat unpack(const ap_uint<Beat::count * Beat::bits>& word) {
#pragma HLS INLINE
    Beat beat;
    unpack_lanes: for (int i = 0; i < Beat::count; i++) {
#pragma HLS UNROLL
        const ap_uint<Beat::bits> bits = word.range(Beat::bits * i + Beat::bits - 1, Beat::bits * i);
        beat.lane[i] = bits;
    }
    return beat;
}

// A top's first process on an input port: BEATS words become beats of lanes.
template <int BEATS, class Beat>
void unpack_port(hls::stream<ap_uint<Beat::count * Beat::bits> >& input, stream<Beat>& output) {
    unpack_beats: for (int i = 0; i < BEATS; i++) {
#pragma HLS PIPELINE II=1
        output.write(unpack<Beat>(input.read()));
    }
}

// A top's last process on an output port: BEATS beats of lanes become words.
template <int BEATS, class Beat>
void pack_port(stream<Beat>& input, hls::stream<ap_uint<Beat::count * Beat::bits> >& output) {
    pack_beats: for (int i = 0; i < BEATS; i++) {
#pragma HLS PIPELINE II=1
        output.write(pack<Beat>(input.read()));
    }
}

#endif

}  // namespace farm

#endif  // FARM_HLS_HPP
