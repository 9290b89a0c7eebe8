// The DMA core with the host before it and the card's memory behind it.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench.hpp"
#include "card_memory.hpp"
#include "host.hpp"
#include "node.hpp"

namespace farm {

// When what happened to each image, in cycles since the kernel was told to start.
struct ImageTimes {
    std::vector<std::uint64_t> start, end;  // its first beat leaves for the blocks; its last result is answered
};

class DmaNode : public Node {
  public:
    DmaNode(std::string name, std::unique_ptr<Bench> dma, std::uint64_t release)
        : Node(std::move(name)), dma_(std::move(dma)), host_(dma_->control, dma_->pointers), release_(release) {
        for (unsigned char* pin : {dma_->gmem0.valid, dma_->gmem2.valid, dma_->gmem1.answered, dma_->gmem0.ar.ready,
                                   dma_->gmem2.ar.ready, dma_->gmem1.aw.ready, dma_->gmem1.ready, dma_->image.ready,
                                   dma_->weights.ready, dma_->result.valid}) {
            *pin = 0;
        }
        *dma_->clock = 0;
        *dma_->reset_n = 0;
    }

    // The tags of the banks that the masters lie in; no tag for weights if there are none.
    void attach(const std::string& images, const std::string& results, const std::string& weights) {
        memory.attach_read(dma_->gmem0, images);
        memory.attach_write(dma_->gmem1, results);
        if (!weights.empty()) memory.attach_read(dma_->gmem2, weights);
    }
    void join(Wire* image, Wire* weights, Wire* result) { image_ = image, weights_ = weights, result_ = result; }

    BankedMemory memory;

    struct Sizes {
        std::uint64_t image_bytes, result_bytes;
    };
    struct Places {
        std::uint64_t images, results, weights;
    };

    void call(const Places& places, const Sizes& sizes, std::uint32_t images) {
        beats_per_image_ = sizes.image_bytes / dma_->image.bytes;
        words_per_result_ = sizes.result_bytes / dma_->gmem1.bytes;
        beats_ = results_ = 0;
        times = ImageTimes();
        running_ = finished_ = false;
        bursts_.clear();
        cycles = 0;
        host_.call(places.images, places.results, places.weights, images);
    }

    bool done() const { return host_.done(); }
    ImageTimes times;
    std::uint64_t cycles = 0;  // since the start
    // From the cycle behind the start to that behind the end: as many as `cycles`.
    Counting call_counting;
    std::uint32_t bus_errors() const { return host_.bus_errors(); }
    BlockCounts counts;
    void clear() override {
        counts = BlockCounts();
        memory.clear_counts();
    }

    bool cycle(std::uint64_t now) override {
        DmaNode::settle(now);
        return DmaNode::advance(now);
    }

    void settle(std::uint64_t now) override {
        Bench& dma = *dma_;
        *dma.reset_n = now >= release_;
        *dma.image.ready = image_->ready(now);
        if (weights_) *dma.weights.ready = weights_->ready(now);
        *dma.result.valid = result_->valid(now);
        if (*dma.result.valid) std::memcpy(dma.result.data, result_->data(now), dma.result.bytes);
        *dma.clock = 0;
        dma.eval();
        moved_ = note(now);
        if (now >= release_) {
            memory.sample();
            host_.sample(*dma.interrupt);
        }
    }

    bool advance(std::uint64_t now) override {
        Bench& dma = *dma_;
        *dma.clock = 1;
        dma.eval();
        if (now >= release_) {
            memory.drive();
            host_.drive();
        }
        image_->offer(now + 1, *dma.image.valid, dma.image.data);
        if (weights_) weights_->offer(now + 1, *dma.weights.valid, dma.weights.data);
        result_->accept(now + 1, *dma.result.ready);
        return moved_ || host_.busy() || !memory.quiet();
    }

    void join_trace(Waveform& waveform) override { dma_->join_trace(waveform.file()); }

  private:
    std::unique_ptr<Bench> dma_;
    Host host_;
    const std::uint64_t release_;
    Wire *image_ = nullptr, *weights_ = nullptr, *result_ = nullptr;
    std::uint64_t beats_per_image_ = 1, words_per_result_ = 1, beats_ = 0, results_ = 0;
    bool running_ = false, finished_ = false, moved_ = false;
    std::deque<std::uint32_t> bursts_;  // words of each that is not answered

    bool note(std::uint64_t now) {
        const Bench& dma = *dma_;
        const StreamPins* const streams[] = {&dma.image, &dma.weights, &dma.result};
        bool moved = false;
        for (const StreamPins* each : streams) moved |= *each->valid && *each->ready;
        moved |= (*dma.gmem0.valid && *dma.gmem0.ready) || (*dma.gmem2.valid && *dma.gmem2.ready);
        running_ |= host_.started();
        finished_ |= *dma.interrupt && running_;
        call_counting.set(now + 1, running_ && !finished_);
        if (!running_ || finished_) return moved;
        cycles++;
        // By the images alone: weights stand before the last block most of the time, and hold up nothing.
        counts.blocked += *dma.image.valid && !*dma.image.ready;
        counts.starved += !*dma.image.valid;
        counts.busy += *dma.image.valid && *dma.image.ready;
        if (*dma.image.valid && *dma.image.ready && beats_++ % beats_per_image_ == 0) times.start.push_back(cycles);
        if (*dma.gmem1.aw.valid && *dma.gmem1.aw.ready) bursts_.push_back(*dma.gmem1.aw.length + 1u);
        if (*dma.gmem1.answered && *dma.gmem1.answer_ready) {
            // Answers come in order, and no burst reaches from one image's results into the next one's.
            results_ += bursts_.front();
            bursts_.pop_front();
            if (results_ % words_per_result_ == 0) times.end.push_back(cycles);
        }
        return moved;
    }
};

}  // namespace farm
