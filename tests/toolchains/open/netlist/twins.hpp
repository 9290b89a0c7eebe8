// The pins of a verilated kernel, for the bench that runs two of them side by side.
#pragma once
#include <cstdint>
#include <memory>

#include "axi_memory.hpp"

struct Kernel {
    virtual ~Kernel() {}
    virtual void eval() = 0;
    unsigned char *clock, *reset_n, *interrupt;
    farm::ReadPins images, weights;
    farm::WritePins results;
    unsigned char *awvalid, *awready, *awaddr, *wvalid, *wready, *wstrb, *bvalid, *bready, *arvalid;
    std::uint32_t* wdata;
};

std::unique_ptr<Kernel> make_rtl(unsigned seed);
std::unique_ptr<Kernel> make_netlist(unsigned seed);

// Registers are random at power-on, which exposes a kernel that relies on their contents.
#define KERNEL_PINS(make, Top, IMAGE_WORD, WEIGHTS_WORD)                                                     \
    namespace {                                                                                              \
    struct Model : VerilatedContext, Kernel {                                                                \
        explicit Model(unsigned seed) : top((prepare(this, seed), this)) {                                   \
            clock = &top.ap_clk, reset_n = &top.ap_rst_n, interrupt = &top.__SYM__interrupt;                 \
            images = FARM_READ_PINS(top, m_axi_gmem0, IMAGE_WORD);                                           \
            results = FARM_WRITE_PINS(top, m_axi_gmem1, 4);                                                  \
            weights = FARM_READ_PINS(top, m_axi_gmem2, WEIGHTS_WORD);                                        \
            awvalid = &top.s_axi_control_AWVALID, awready = &top.s_axi_control_AWREADY;                      \
            awaddr = &top.s_axi_control_AWADDR, wvalid = &top.s_axi_control_WVALID;                          \
            wready = &top.s_axi_control_WREADY, wstrb = &top.s_axi_control_WSTRB;                            \
            wdata = &top.s_axi_control_WDATA, bvalid = &top.s_axi_control_BVALID;                            \
            bready = &top.s_axi_control_BREADY, arvalid = &top.s_axi_control_ARVALID;                        \
        }                                                                                                    \
        ~Model() override { top.final(); }                                                                   \
        void eval() override { top.eval(); }                                                                 \
        static void prepare(VerilatedContext* context, unsigned seed) {                                      \
            context->randReset(2);                                                                           \
            context->randSeed(static_cast<int>(seed % 0x7fffffff) + 1);                                      \
        }                                                                                                    \
        Top top;                                                                                             \
    };                                                                                                       \
    }                                                                                                        \
    std::unique_ptr<Kernel> make(unsigned seed) { return std::unique_ptr<Kernel>(new Model(seed)); }
