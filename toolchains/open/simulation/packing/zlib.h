// What Verilator's writer of FST files takes of zlib. Nothing is compressed: the writer then stores the bytes as they are,
// which the format allows. So no library has to be installed. The large parts of a file go through lz4.h.
#pragma once

#include <cstring>

typedef unsigned char Bytef;
typedef unsigned long uLong;
typedef unsigned long uLongf;
enum { Z_OK = 0 };

inline uLong compressBound(uLong bytes) { return bytes; }

// The result is never smaller than what it is made of, so the writer never takes it.
inline int compress2(Bytef* to, uLongf* to_bytes, const Bytef* from, uLong bytes, int) {
    std::memcpy(to, from, bytes);
    *to_bytes = bytes;
    return Z_OK;
}
