// The interface between the test bench and a verilated DMA core. `bench.py` generates the table of cores.
#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>

#include "axi_memory.hpp"

namespace farm {
void* shared_context();  // harness.hpp
}

struct StreamPins {
    std::uint32_t bytes;
    void* data;
    unsigned char* valid;
    unsigned char* ready;
};

struct ControlPins {
    unsigned char *awvalid, *awready, *awaddr, *wvalid, *wready;
    std::uint32_t* wdata;
    unsigned char *wstrb, *bvalid, *bready, *bresp, *arvalid, *arready, *araddr, *rvalid, *rready;
    std::uint32_t* rdata;
    unsigned char* rresp;
};

class Bench {
  public:
    // Of a core without weights: the pins of their memory port and stream, where nothing ever moves.
    Bench() : gmem2{"no weights", 1, {&absent_.low, &absent_.driven, &absent_.address, &absent_.low, &absent_.low, &absent_.low},
                    &absent_.driven, &absent_.low, &absent_.address, &absent_.driven, &absent_.driven},
              weights{1, &absent_.address, &absent_.low, &absent_.driven} {}
    virtual ~Bench() {}
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    virtual void eval() = 0;
    // As `SimulatedCore::join_trace`.
    virtual void join_trace(void*) { throw std::runtime_error("the model was compiled without waveforms"); }
    unsigned char *clock, *reset_n, *interrupt;
    std::uint32_t pointers = 3;  // buffers among the arguments
    farm::ReadPins gmem0;
    farm::WritePins gmem1;
    ControlPins control;
    StreamPins image, result;

  private:
    struct {
        unsigned char low = 0, driven = 0;
        std::uint64_t address = 0;
    } absent_;

  public:
    farm::ReadPins gmem2;
    StreamPins weights;
};

// The table of cores; the last entry has a null name.
extern const struct BenchedCore {
    const char* name;
    std::unique_ptr<Bench> (*make)(unsigned seed, const char* name);
} benched_cores[];

#if VM_TRACE
#define FARM_DMA_TRACE void join_trace(void* file) override { top.trace(static_cast<VerilatedFstC*>(file), 99); }
#define FARM_DMA_CONTEXT static_cast<VerilatedContext*>(farm::shared_context())
#else
#define FARM_DMA_TRACE
#define FARM_DMA_CONTEXT this
#endif

// Defines a core's pins and the function `core(seed, name)` that makes an instance. Registers are random at power-on,
// which exposes a core that relies on their contents. The context is a base class, because it must outlive the model.
// `WEIGHTS` is FARM_DMA_WEIGHTS or FARM_NO_WEIGHTS, with the bytes of a word and of a beat.
#define FARM_DMA_WEIGHTS(word, beat)                                                                                  \
    gmem2 = FARM_READ_PINS(top, m_axi_gmem2, word);                                                                   \
    weights = {beat, &top.weights_TDATA, &top.weights_TVALID, &top.weights_TREADY};
#define FARM_NO_WEIGHTS pointers = 2;
#define FARM_DMA_BENCH(core, Top, IMAGE_WORD, IMAGE, WEIGHTS)                                                         \
    namespace {                                                                                                       \
    class Model_##core : VerilatedContext, public Bench {                                                             \
      public:                                                                                                         \
        Model_##core(unsigned seed, const char* name) : top(prepare(FARM_DMA_CONTEXT, seed), name) {                  \
            clock = &top.ap_clk, reset_n = &top.ap_rst_n, interrupt = &top.__SYM__interrupt;                          \
            gmem0 = FARM_READ_PINS(top, m_axi_gmem0, IMAGE_WORD);                                                     \
            gmem1 = FARM_WRITE_PINS(top, m_axi_gmem1, 4);                                                             \
            control = {&top.s_axi_control_AWVALID, &top.s_axi_control_AWREADY, &top.s_axi_control_AWADDR,             \
                       &top.s_axi_control_WVALID,  &top.s_axi_control_WREADY,  &top.s_axi_control_WDATA,              \
                       &top.s_axi_control_WSTRB,   &top.s_axi_control_BVALID,  &top.s_axi_control_BREADY,             \
                       &top.s_axi_control_BRESP,   &top.s_axi_control_ARVALID, &top.s_axi_control_ARREADY,            \
                       &top.s_axi_control_ARADDR,  &top.s_axi_control_RVALID,  &top.s_axi_control_RREADY,             \
                       &top.s_axi_control_RDATA,   &top.s_axi_control_RRESP};                                         \
            image = {IMAGE, &top.image_TDATA, &top.image_TVALID, &top.image_TREADY};                                  \
            WEIGHTS                                                                                                   \
            result = {4, &top.result_TDATA, &top.result_TVALID, &top.result_TREADY};                                  \
        }                                                                                                             \
        ~Model_##core() override { top.final(); }                                                                     \
        void eval() override { top.eval(); }                                                                          \
        FARM_DMA_TRACE                                                                                                \
      private:                                                                                                        \
        static VerilatedContext* prepare(VerilatedContext* context, unsigned seed) {                                  \
            context->randReset(2);                                                                                    \
            context->traceEverOn(VM_TRACE);                                                                           \
            context->randSeed(static_cast<int>(seed % 0x7fffffff) + 1);                                               \
            return context;                                                                                           \
        }                                                                                                             \
        Top top;                                                                                                      \
    };                                                                                                                \
    }                                                                                                                 \
    std::unique_ptr<Bench> core(unsigned seed, const char* name) {                                                    \
        return std::unique_ptr<Bench>(new Model_##core(seed, name));                                                  \
    }
