// A waveform of a part of a call: from an image's first beat on, for so many cycles.
#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "dma_node.hpp"
#include "harness.hpp"
#include "node.hpp"

namespace farm {

// A waveform as whoever starts the program asks for it; an empty file: none.
struct Trace {
    std::string file;
    std::uint64_t image = 0, cycles = 0;
};

// Its time is that of the simulated clock since the kernel was told to start: the edge that ends cycle n, as the
// statistics count cycles, is at n periods.
class Window {
  public:
    Window(const Trace& trace, double clock_mhz, const DmaNode& dma, const std::vector<Node*>& nodes)
        : trace_(trace), period_ps_(1e6 / clock_mhz), dma_(dma), waveform_(make_waveform()) {
        if (!waveform_) throw std::runtime_error("this program was made without waveforms");
        for (Node* node : nodes) node->join_trace(*waveform_);
    }

    // All nodes have settled, the clock is low.
    void low() {
        const bool reached = dma_.times.start.size() > trace_.image;
        if (state_ == BEFORE && reached) {
            waveform_->open(trace_.file.c_str());
            state_ = INSIDE;
            last_ = dma_.cycles + trace_.cycles;
        }
        // Behind the kernel's end no cycle is counted any more.
        counted_ = state_ == INSIDE && dumped_ != dma_.cycles;
        if (counted_) dump(0.5);
    }
    // All nodes have advanced, the clock is high.
    void high() {
        if (!counted_) return;
        dump(0);
        dumped_ = dma_.cycles;
        if (dma_.cycles + 1 >= last_) close();
    }
    // The call has ended. Throws where it has not reached the image.
    void close() {
        if (state_ == BEFORE)
            throw std::runtime_error("the waveform begins at image " + std::to_string(trace_.image) + ", and the call has " +
                                     std::to_string(dma_.times.start.size()) + " images");
        if (state_ == INSIDE) waveform_->close();
        state_ = BEHIND;
    }

  private:
    enum { BEFORE, INSIDE, BEHIND } state_ = BEFORE;
    const Trace trace_;
    const double period_ps_;
    const DmaNode& dma_;
    std::unique_ptr<Waveform> waveform_;
    std::uint64_t last_ = 0, dumped_ = 0;
    bool counted_ = false;

    void dump(double before) {
        waveform_->dump(static_cast<std::uint64_t>((static_cast<double>(dma_.cycles) - before) * period_ps_ + 0.5));
    }
};

}  // namespace farm
