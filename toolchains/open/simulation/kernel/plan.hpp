// What the joined simulation is made of: a table per network, which `table.py` writes.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench.hpp"
#include "harness.hpp"

namespace farm {

typedef SimulatedCore* (*MakeModel)(std::uint64_t seed, const char* name);

// In the order in which the block's memory images follow each other.
struct MemoryPlan {
    const char* port;
    std::uint64_t depth;
    std::uint32_t beat_bytes, fill_cycles;
};

// A FIFO in a core, and the stream that enters it.
struct FifoPlan {
    const char* name;
    std::uint32_t depth, stream;
};

// Streams that an operator needs at the same time.
typedef std::vector<std::uint32_t> Join;

struct CorePlan {
    MakeModel make;
    std::vector<MemoryPlan> memories;
    std::vector<const char*> streams;
    std::vector<FifoPlan> fifos;
    std::vector<Join> joins;
};

struct BlockPlan {
    const char* name;
    const CorePlan* core;
};

// `source` and `sink`: a block's number, or DMA. `port` is as the model names it.
struct EndPlan {
    int block;
    const char* port;
    std::uint32_t bytes;
};
const int DMA = -1;

struct LinkPlan {
    const char* name;
    EndPlan source, sink;
    std::uint32_t depth;
    MakeModel make, make_slice;
};

struct KernelPlan {
    const char* dma;
    std::unique_ptr<Bench> (*make_dma)(unsigned seed, const char* name);
    std::uint64_t image_bytes, weights_bytes, result_bytes;
    std::uint64_t gap;  // so many cycles without any beat: nothing will move any more
    std::vector<BlockPlan> blocks;
    std::vector<LinkPlan> links;  // of the DMA: image first, then weights; result last
};

}  // namespace farm
