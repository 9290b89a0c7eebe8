// The interface of a verilated core to the harness. Each model implements it, so the harness knows no name from Verilator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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
    // A rising and a falling edge. For models in which no input reaches an output within a cycle: the inputs are taken
    // at the rising edge, and the outputs stand behind it.
    virtual void cycle() = 0;
    // Of a model that was compiled for waveforms: begin a file, and note all signals at a time; or write into a file
    // (a VerilatedFstC) that several models share.
    virtual void trace(const char*) { throw std::runtime_error("the model was compiled without waveforms"); }
    virtual void dump(std::uint64_t) {}
    virtual void join_trace(void*) { throw std::runtime_error("the model was compiled without waveforms"); }

    std::vector<PortPins> ports;
    // All that the model keeps from one cycle to the next: if it is equal after two, it stays so until an input changes.
    const void* state = nullptr;
    std::size_t state_bytes = 0;
    unsigned char* clock = nullptr;
    unsigned char* reset_n = nullptr;
    // One bit per stream inside the core, stream 0 in the lowest bit.
    std::uint32_t streams = 0;
    const void* stream_valid = nullptr;
    const void* stream_ready = nullptr;
    // Number of beats in each FIFO's memory.
    std::vector<const std::uint32_t*> levels;
};

// One waveform of several models, all of which were compiled for waveforms.
class Waveform {
  public:
    virtual ~Waveform() {}
    // What models join before it is opened: `SimulatedCore::join_trace`.
    virtual void* file() = 0;
    // Throws where the file cannot be written.
    virtual void open(const char* path) = 0;
    // All signals at a time, which has to grow.
    virtual void dump(std::uint64_t picoseconds) = 0;
    virtual void close() = 0;
};

// Null in a program that was compiled without waveforms.
std::unique_ptr<Waveform> make_waveform();
// The context (a VerilatedContext) of all models that are to share a waveform: Verilator asks for one.
void* shared_context();

}  // namespace farm
