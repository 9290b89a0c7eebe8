// A part of the kernel that is simulated on its own: a block with its parameter memories, a link, or the DMA.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness.hpp"
#include "source.hpp"
#include "wire.hpp"

namespace farm {

class Node {
  public:
    explicit Node(std::string name) : name(std::move(name)) {}
    virtual ~Node() {}

    const std::string name;

    // One clock cycle; true if anything moved in it, or is on its way.
    virtual bool cycle(std::uint64_t now) = 0;
    // The same in two parts, of a node that has joined a waveform: what stands in the cycle before its edge, and the
    // edge. Every node settles before the first one goes on.
    virtual void settle(std::uint64_t) {}
    virtual bool advance(std::uint64_t now) { return cycle(now); }
    virtual void join_trace(Waveform&) {}
    // Begins to count anew.
    virtual void clear() = 0;

    // Of this computer's time, in ticks of its counter: what a cycle takes lately.
    double cost = 1000;
};

// Cycles of one call; they add up to all of it. A block is blocked while a beat at an output is not taken, else starved
// while an input could take a beat and has none, else busy. What moves inside does not matter: the block that sets the
// pace is the one that neither waits for the block before it nor for the one behind it.
struct BlockCounts {
    std::uint64_t busy = 0, starved = 0, blocked = 0, toggles = 0;
};

// `stalled`: a beat stood before the link; `starved`: a beat was waited for behind it.
struct LinkCounts {
    std::uint64_t beats = 0, stalled = 0, starved = 0;
};

// A verilated module whose ports are all streams, with every port registered: no input reaches an output in a cycle.
class StreamNode : public Node {
  public:
    StreamNode(std::string name, std::unique_ptr<SimulatedCore> core, std::uint64_t release, bool may_sleep)
        : Node(std::move(name)), core_(std::move(core)), release_(release), may_sleep_(may_sleep) {
        words_ = (core_->streams + 63) / 64;
        *core_->clock = 0;
        *core_->reset_n = 0;
        marks_.resize(core_->levels.size());
    }

    // Names are those of the model.
    void join(const char* port, Wire* wire) {
        const PortPins& pins = pins_of(port);
        if (pins.bytes != wire->bytes) throw std::runtime_error(name + "." + port + " is not as wide as " + wire->name);
        if (pins.into_core) *pins.valid = 0;
        else *pins.ready = 0;
        (pins.into_core ? inputs_ : outputs_).push_back(End{pins, wire, false, std::vector<unsigned char>(pins.bytes)});
    }
    void feed(const char* port, std::uint32_t fill_cycles, std::vector<unsigned char> beats) {
        const PortPins& pins = pins_of(port);
        if (!pins.into_core || beats.empty() || beats.size() % pins.bytes)
            throw std::runtime_error(name + "." + port + ": the memory image does not fit");
        sources_.emplace_back(pins, fill_cycles, std::move(beats));
    }

    bool cycle(std::uint64_t now) override {
        StreamNode::settle(now);
        return StreamNode::advance(now);
    }

    void settle(std::uint64_t now) override {
        const bool reset_n = now >= release_;
        bool changed = *core_->reset_n != reset_n;
        *core_->reset_n = reset_n;
        bool moved = false;
        for (End& end : inputs_) moved |= take(end, now, changed);
        for (End& end : outputs_) moved |= give(end, now, changed);
        took_.clear();
        for (const ParameterSource& source : sources_) {
            took_.push_back(source.moves());
            moved |= took_.back() != 0;
        }
        moved |= inside_moves();
        count(now);
        const bool still = !changed && !moved && !fed_;
        quiet_ = still ? quiet_ + 1 : 0;
        if (!still) asleep_ = false;
        moved_ = moved;
        if (traced_) drive_clock(0);
    }

    bool advance(std::uint64_t now) override {
        if (asleep_) slept++;
        else edge();
        fed_ = false;
        const bool reset_n = *core_->reset_n;
        for (std::size_t i = 0; i < sources_.size(); i++) fed_ |= sources_[i].after_edge(took_[i] != 0, reset_n);
        for (const End& end : inputs_) end.wire->accept(now + 1, *end.pins.ready);
        for (const End& end : outputs_) end.wire->offer(now + 1, *end.pins.valid, end.pins.data);
        return moved_;
    }

    void clear() override {
        counts = BlockCounts();
        link_counts = LinkCounts();
        slept = 0;
        for (std::uint32_t& mark : marks_) mark = 0;
        for (ParameterSource& source : sources_) source.clear();
    }

    BlockCounts counts;
    LinkCounts link_counts;
    const Counting* counted = nullptr;  // the cycles that count; all of them without it
    std::vector<unsigned char>* record = nullptr;  // for the beats that come in, where somebody wants them
    std::uint64_t slept = 0;  // cycles that were not evaluated
    std::uint64_t toggles() const {
        std::uint64_t all = counts.toggles;
        for (const ParameterSource& source : sources_) all += source.toggles();
        return all;
    }
    const std::vector<std::uint32_t>& marks() const { return marks_; }
    std::uint32_t level(std::size_t fifo) const { return *core_->levels[fifo]; }
    bool stream_valid(std::uint32_t stream) const { return bit(core_->stream_valid, stream); }
    bool stream_ready(std::uint32_t stream) const { return bit(core_->stream_ready, stream); }
    // A waveform shows the clock of each block, so none of them sleeps.
    void join_trace(Waveform& waveform) override {
        core_->join_trace(waveform.file());
        traced_ = true;
        may_sleep_ = false;
    }

  private:
    struct End {
        PortPins pins;
        Wire* wire;
        bool fresh;  // a beat moved in the last cycle: what stands there now is another one
        std::vector<unsigned char> last;
    };

    static const std::uint64_t FIRST_LOOK = 64, LAST_LOOK = 1 << 14;

    std::unique_ptr<SimulatedCore> core_;
    const std::uint64_t release_;
    bool may_sleep_, traced_ = false;
    std::uint32_t words_;
    std::vector<End> inputs_, outputs_;
    std::vector<ParameterSource> sources_;
    std::vector<char> took_;
    std::vector<std::uint32_t> marks_;
    std::vector<unsigned char> before_;
    std::uint64_t quiet_ = 0, look_ = FIRST_LOOK;
    bool asleep_ = false, fed_ = true, moved_ = false;

    const PortPins& pins_of(const char* port) const {
        for (const PortPins& pins : core_->ports)
            if (!std::strcmp(pins.name, port)) return pins;
        throw std::runtime_error(name + " has no port " + port);
    }

    bool take(End& end, std::uint64_t now, bool& changed) {
        const bool valid = end.wire->valid(now);
        if (valid && (end.fresh || !*end.pins.valid)) {
            std::memcpy(end.pins.data, end.wire->data(now), end.pins.bytes);
            changed = true;
        }
        changed |= *end.pins.valid != valid;
        *end.pins.valid = valid;
        end.fresh = valid && *end.pins.ready;
        if (end.fresh) toggled(end);
        if (end.fresh && record) {
            const unsigned char* data = static_cast<const unsigned char*>(end.pins.data);
            record->insert(record->end(), data, data + end.pins.bytes);
        }
        return end.fresh;
    }

    bool give(End& end, std::uint64_t now, bool& changed) {
        const bool ready = end.wire->ready(now);
        changed |= *end.pins.ready != ready;
        *end.pins.ready = ready;
        end.fresh = ready && *end.pins.valid;
        if (end.fresh) toggled(end);
        return end.fresh;
    }

    void toggled(End& end) {
        const unsigned char* data = static_cast<const unsigned char*>(end.pins.data);
        counts.toggles += differing_bits(data, end.last.data(), end.pins.bytes);
        std::memcpy(end.last.data(), data, end.pins.bytes);
    }

    // What the streams inside say hangs on registers only, since every port is one: it is known before the edge.
    bool inside_moves() const {
        for (std::uint32_t i = 0; i < words_; i++)
            if (word(core_->stream_valid, i) & word(core_->stream_ready, i)) return true;
        return false;
    }

    // The probes end with a whole 8 bytes or with fewer.
    std::uint64_t word(const void* bits, std::uint32_t index) const {
        const std::uint32_t bytes = (core_->streams + 7) / 8 - index * 8;
        std::uint64_t value = 0;
        std::memcpy(&value, static_cast<const unsigned char*>(bits) + index * 8, bytes < 8 ? bytes : 8);
        return value;
    }

    bool bit(const void* bits, std::uint32_t index) const {
        return static_cast<const unsigned char*>(bits)[index / 8] >> (index % 8) & 1;
    }

    void count(std::uint64_t now) {
        if (counted && !counted->open(now)) return;
        bool starved = false, blocked = false;
        for (const End& end : inputs_) starved |= *end.pins.ready && !*end.pins.valid;
        for (const End& end : outputs_) blocked |= *end.pins.valid && !*end.pins.ready;
        counts.blocked += blocked;
        counts.starved += !blocked && starved;
        counts.busy += !blocked && !starved;
        const Wire& in = *inputs_.front().wire;
        const Wire& out = *outputs_.front().wire;
        link_counts.beats += in.moves(now);
        link_counts.stalled += in.valid(now) && !in.ready(now);
        link_counts.starved += !out.valid(now) && out.ready(now);
    }

    void drive_clock(unsigned char clock) {
        *core_->clock = clock;
        core_->eval();
    }

    // Nothing has moved for a while: if the state is the same behind the edge, it stays so until an input changes.
    void edge() {
        const bool look = may_sleep_ && quiet_ >= look_;
        if (look) {
            const unsigned char* state = static_cast<const unsigned char*>(core_->state);
            before_.assign(state, state + core_->state_bytes);
        }
        if (traced_) drive_clock(1);
        else core_->cycle();
        for (std::size_t i = 0; i < marks_.size(); i++) marks_[i] = std::max(marks_[i], *core_->levels[i]);
        if (!look) {
            if (!quiet_) look_ = FIRST_LOOK;
            return;
        }
        asleep_ = !std::memcmp(before_.data(), core_->state, core_->state_bytes);
        if (!asleep_) look_ = look_ * 2 < LAST_LOOK ? look_ * 2 : LAST_LOOK;
        quiet_ = 0;
    }
};

}  // namespace farm
