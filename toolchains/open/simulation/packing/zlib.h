// The part of zlib that Verilator's FST writer calls, so zlib need not be installed. It compresses nothing: the writer then
// stores the bytes as they are, which the format allows. The large parts of a file go through lz4.h.
#pragma once

#include <cstring>

typedef unsigned char Bytef;
typedef unsigned long uLong;
typedef unsigned long uLongf;
enum { Z_OK = 0 };

inline uLong compressBound(uLong bytes) { return bytes; }

// The result is never smaller than the input, so the writer stores the input instead.
inline int compress2(Bytef* to, uLongf* to_bytes, const Bytef* from, uLong bytes, int) {
    std::memcpy(to, from, bytes);
    *to_bytes = bytes;
    return Z_OK;
}
