// The two functions of LZ4 that Verilator's writer of FST files takes, so that no library has to be installed.
//
// The block format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md): sequences of literals and a match, each
// with a token (lengths of both, 15 goes on in further bytes), the literals, and two bytes for how far back the match is.
// The last five bytes are literals, and the last match begins at least twelve bytes before the end.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

namespace farm {

class Lz4Block {
  public:
    explicit Lz4Block(unsigned char* to) : begin_(to), to_(to) {}

    int compress(const unsigned char* from, int bytes) {
        const int last_match = bytes - 12;
        std::vector<int> seen(1 << HASH_BITS, -1);
        int literals = 0;  // where those that are not written yet begin
        int at = 0;
        while (at <= last_match) {
            int& place = seen[hash(from + at)];
            const int candidate = place;
            place = at;
            if (candidate < 0 || at - candidate > 65535 || std::memcmp(from + candidate, from + at, 4)) {
                at++;
                continue;
            }
            int length = 4;
            while (at + length < bytes - 5 && from[candidate + length] == from[at + length]) length++;
            token(from + literals, at - literals, length - 4);
            *to_++ = static_cast<unsigned char>(at - candidate);
            *to_++ = static_cast<unsigned char>((at - candidate) >> 8);
            rest(length - 4);
            at += length;
            literals = at;
        }
        token(from + literals, bytes - literals, 0);
        return static_cast<int>(to_ - begin_);
    }

  private:
    static const int HASH_BITS = 12;

    static unsigned hash(const unsigned char* from) {
        std::uint32_t word;
        std::memcpy(&word, from, 4);
        return (word * 2654435761u) >> (32 - HASH_BITS);
    }

    // The token and the literals of a sequence.
    void token(const unsigned char* literals, int count, int match) {
        *to_++ = static_cast<unsigned char>((count < 15 ? count : 15) << 4 | (match < 15 ? match : 15));
        rest(count);
        std::memcpy(to_, literals, count);
        to_ += count;
    }

    // What of a length does not fit into a token.
    void rest(int length) {
        if (length < 15) return;
        for (length -= 15; length >= 255; length -= 255) *to_++ = 255;
        *to_++ = static_cast<unsigned char>(length);
    }

    unsigned char* begin_;
    unsigned char* to_;
};

}  // namespace farm

inline int LZ4_compressBound(int bytes) { return bytes + bytes / 255 + 16; }

inline int LZ4_compress_default(const char* from, char* to, int bytes, int) {
    farm::Lz4Block block(reinterpret_cast<unsigned char*>(to));
    return block.compress(reinterpret_cast<const unsigned char*>(from), bytes);
}
