// The C interface of a compiled core, and the conversion to and from the streams of a body or a top.
//
// Elements are passed unpacked: an element of up to 8, 16 or 32 bits is one uint8_t, uint16_t or uint32_t (two's complement
// if signed). So port widths do not appear in this interface, just as they do not appear in the numpy model.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace farm_abi {

template <int BITS>
struct element {
    typedef typename std::conditional<
        (BITS <= 8), uint8_t,
        typename std::conditional<(BITS <= 16), uint16_t, uint32_t>::type>::type type;
    static_assert(BITS <= 32, "an element that crosses the interface has at most 32 bits");
};

// Writes `beats` beats of consecutive elements.
template <class Beat, int LANES, int BITS, class Stream>
void fill(Stream& stream, const void* elements, uint64_t beats) {
    typedef typename element<BITS>::type E;
    const E* next = static_cast<const E*>(elements);
    for (uint64_t beat = 0; beat < beats; beat++) {
        Beat value;
        for (int i = 0; i < LANES; i++) value.lane[i] = *next++;
        stream.write(value);
    }
}

// Reads `beats` beats. A lane is converted through the integer type `Wide`, which has the lane's signedness.
template <int LANES, int BITS, class Wide, class Stream>
void drain(Stream& stream, void* elements, uint64_t beats) {
    typedef typename element<BITS>::type E;
    E* next = static_cast<E*>(elements);
    for (uint64_t beat = 0; beat < beats; beat++) {
        const auto value = stream.read();
        for (int i = 0; i < LANES; i++) *next++ = static_cast<E>(static_cast<Wide>(value.lane[i]));
    }
}

// An array on the heap. A core has one for each type of beat, and g++ compiles it sooner than a std::vector.
template <class T>
class array {
   public:
    array() : items_(nullptr), size_(0) {}
    explicit array(size_t size) : items_(new T[size]()), size_(size) {}
    ~array() { delete[] items_; }

    // All items are new ones.
    void resize(size_t size) {
        T* items = new T[size]();
        delete[] items_;
        items_ = items;
        size_ = size;
    }

    T& operator[](size_t at) { return items_[at]; }
    const T& operator[](size_t at) const { return items_[at]; }
    T* data() { return items_; }
    const T* data() const { return items_; }
    size_t size() const { return size_; }

   private:
    array(const array&);
    array& operator=(const array&);

    T* items_;
    size_t size_;
};

// What a core does once or never is not put into each of its memories.
__attribute__((noinline)) inline uint64_t bits_at(const uint8_t* bytes, uint64_t at, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; i++) value |= uint64_t((bytes[(at + i) >> 3] >> ((at + i) & 7)) & 1) << i;
    return value;
}

inline int64_t extended(uint64_t value, int bits, bool is_signed) {
    if (is_signed && bits < 64 && ((value >> (bits - 1)) & 1)) value |= ~uint64_t(0) << bits;
    return static_cast<int64_t>(value);
}

__attribute__((noinline, cold, noreturn)) inline void too_short(const char* name) {
    throw std::runtime_error(std::string("the memory image of ") + name + " is too short");
}

// Converts one memory image to beats. An image is `depth` beats of LANES * BITS bits, each padded to whole bytes, lane 0 in
// the lowest bits.
template <class Beat, int LANES, int BITS, bool SIGNED>
__attribute__((noinline)) void beats_of(
    array<Beat>& beats, const uint8_t*& image, uint64_t& left, uint64_t depth, const char* name) {
    const uint64_t bytes = (LANES * BITS + 7) / 8;
    if (left < bytes * depth) too_short(name);
    beats.resize(depth);
    for (uint64_t beat = 0; beat < depth; beat++) {
        for (int i = 0; i < LANES; i++)
            beats[beat].lane[i] = extended(bits_at(image, uint64_t(i) * BITS, BITS), BITS, SIGNED);
        image += bytes;
    }
    left -= bytes * depth;
}

inline int failed(const std::exception& error, char* text, uint64_t bytes) {
    std::snprintf(text, bytes, "%s", error.what());
    return 1;
}

}  // namespace farm_abi
