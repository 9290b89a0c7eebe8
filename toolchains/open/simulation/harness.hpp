// The interface of a verilated core to the harness. Each model implements it, so the harness knows no name from Verilator.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <vector>

#define FARM_EXPORT __attribute__((visibility("default")))

namespace farm {

// A stream port of the top. `data` points to TDATA: `bytes` bytes, little-endian.
struct PortPins {
    const char* name;
    bool into_core;
    std::uint32_t bytes;
    void* data;
    unsigned char* valid;
    unsigned char* ready;
};

// Stream ports only. A core with memory ports (AXI4) would need another list here.
class SimulatedCore {
  public:
    virtual ~SimulatedCore() {}
    virtual void eval() = 0;
    // Only in models compiled with waveforms: open the file, and record all signals at a time.
    virtual void trace(const char*) { throw std::runtime_error("the model was compiled without waveforms"); }
    virtual void dump(std::uint64_t) {}

    std::vector<PortPins> ports;
    unsigned char* clock = nullptr;
    unsigned char* reset_n = nullptr;
    // One bit per stream inside the core, stream 0 in the lowest bit.
    std::uint32_t streams = 0;
    const void* stream_valid = nullptr;
    const void* stream_ready = nullptr;
    // Number of beats in each FIFO's memory.
    std::vector<const std::uint32_t*> levels;
};

}  // namespace farm
