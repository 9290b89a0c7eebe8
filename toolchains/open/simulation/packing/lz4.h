// The two functions of LZ4 that Verilator's FST writer calls, so LZ4 need not be installed.
//
// The block format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md): sequences of literals and a match. Each
// has a token (both lengths; 15 means that further bytes follow), the literals, and the distance back to the match in two
// bytes. The last five bytes are literals, and the last match begins at least twelve bytes before the end.
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
        int literals = 0;  // start of the literals not yet written
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

    // Writes the token and the literals of a sequence.
    void token(const unsigned char* literals, int count, int match) {
        *to_++ = static_cast<unsigned char>((count < 15 ? count : 15) << 4 | (match < 15 ? match : 15));
        rest(count);
        std::memcpy(to_, literals, count);
        to_ += count;
    }

    // Writes the part of a length that does not fit into the token.
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
