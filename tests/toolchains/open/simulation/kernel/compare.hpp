// Two ways to simulate the same blocks, side by side: joined part by part, and as one model of one top. Random beats and
// stalls go to both; every cycle each stream has to say the same in both.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <list>
#include <map>
#include <random>

#include "node.hpp"
#include "team.hpp"

namespace compare {

using farm::Wire;

// Runs of cycles in which a port does nothing: short ones, and some that are long enough for blocks to fall asleep.
class Pauses {
  public:
    explicit Pauses(unsigned seed) : random_(seed) {}
    bool pause() {
        if (left_) return left_--, true;
        const unsigned drawn = random_() % 1000;
        if (drawn < 300) left_ = random_() % 4;
        else if (drawn < 302) left_ = 100 + random_() % 900;
        return drawn < 302;
    }
    unsigned draw() { return random_(); }

  private:
    std::mt19937 random_;
    unsigned left_ = 0;
};

class Source : public farm::Node {
  public:
    Source(Wire* wire, unsigned seed) : Node("source"), wire_(wire), pauses_(seed), beat_(wire->bytes) {}
    bool cycle(std::uint64_t now) override {
        if (wire_->moves(now)) valid_ = false, moved_++;
        if (!valid_ && !pauses_.pause()) {
            for (unsigned char& byte : beat_) byte = static_cast<unsigned char>(pauses_.draw());
            valid_ = true;
        }
        wire_->offer(now + 1, valid_, beat_.data());
        return false;
    }
    void clear() override {}
    std::uint64_t moved_ = 0;

  private:
    Wire* wire_;
    Pauses pauses_;
    std::vector<unsigned char> beat_;
    bool valid_ = false;
};

class Sink : public farm::Node {
  public:
    Sink(Wire* wire, unsigned seed) : Node("sink"), wire_(wire), pauses_(seed) {}
    bool cycle(std::uint64_t now) override {
        moved_ += wire_->moves(now);
        wire_->accept(now + 1, !pauses_.pause());
        return false;
    }
    void clear() override {}
    std::uint64_t moved_ = 0;

  private:
    Wire* wire_;
    Pauses pauses_;
};

// Opens the window of the cycles that count once all registers hold something, and closes it again.
class Opener : public farm::Node {
  public:
    static constexpr std::uint64_t FROM = 100, TO = 500;
    explicit Opener(farm::Counting* window) : Node("opener"), window_(window) {}
    bool cycle(std::uint64_t now) override {
        window_->set(now + 1, now + 1 >= FROM && now + 1 < TO);
        return false;
    }
    void clear() override {}

  private:
    farm::Counting* window_;
};

// What a block between two wires is in the cycles that count, from the wires alone.
class Recount : public farm::Node {
  public:
    Recount(Wire* in, Wire* out) : Node("recount"), in_(in), out_(out) {}
    bool cycle(std::uint64_t now) override {
        if (now < Opener::FROM || now >= Opener::TO) return false;
        if (out_->valid(now) && !out_->ready(now)) blocked++;
        else if (in_->ready(now) && !in_->valid(now)) starved++;
        else busy++;
        return false;
    }
    void clear() override {}
    bool equals(const farm::BlockCounts& counts) const {
        return counts.busy == busy && counts.starved == starved && counts.blocked == blocked &&
               busy + starved + blocked == Opener::TO - Opener::FROM && busy && starved + blocked;
    }

  private:
    Wire *in_, *out_;
    std::uint64_t busy = 0, starved = 0, blocked = 0;
};

// The model of the top. It is told what the source and the sink say, and its own side is compared with the wires.
class Whole : public farm::Node {
  public:
    // `inside`: the wire of each stream that the model's probes see.
    Whole(farm::SimulatedCore* core, std::vector<std::uint64_t> releases, Wire* in, Wire* out, std::vector<Wire*> inside)
        : Node("whole"), core_(core), releases_(std::move(releases)), in_(in), out_(out), inside_(std::move(inside)) {
        for (const farm::PortPins& pins : core->ports) {
            const std::string name = pins.name;
            if (name == "resets") resets_ = pins;
            else (pins.into_core ? source_ : sink_) = pins;
        }
        *core->reset_n = 1;
        *core->clock = 0;
        *resets_.valid = 0;
        *source_.valid = 0;
    }

    bool cycle(std::uint64_t now) override {
        unsigned char* resets = static_cast<unsigned char*>(resets_.data);
        std::memset(resets, 0, resets_.bytes);
        bool all = true;
        for (std::size_t i = 0; i < releases_.size(); i++) {
            if (now >= releases_[i]) resets[i / 8] |= static_cast<unsigned char>(1u << (i % 8));
            all &= now > releases_[i] + 4;
        }
        *source_.valid = in_->valid(now);
        if (*source_.valid) std::memcpy(source_.data, in_->data(now), source_.bytes);
        *sink_.ready = out_->ready(now);
        // Registers hold anything until each has been reset.
        if (now > 8) {
            expect(now, *in_, "ready", *source_.ready, in_->ready(now));
            expect(now, *out_, "valid", *sink_.valid, out_->valid(now));
            if (*sink_.valid && std::memcmp(sink_.data, out_->data(now), sink_.bytes))
                throw std::runtime_error(where(now, *out_) + "data differ");
            for (std::size_t i = 0; i < inside_.size(); i++) {
                expect(now, *inside_[i], "valid", bit(core_->stream_valid, i), inside_[i]->valid(now));
                expect(now, *inside_[i], "ready", bit(core_->stream_ready, i), inside_[i]->ready(now));
            }
        }
        core_->cycle();
        return true;
    }
    void clear() override {}

  private:
    farm::SimulatedCore* core_;
    const std::vector<std::uint64_t> releases_;
    Wire *in_, *out_;
    const std::vector<Wire*> inside_;
    farm::PortPins source_, sink_, resets_;

    static bool bit(const void* bits, std::size_t i) { return static_cast<const unsigned char*>(bits)[i / 8] >> (i % 8) & 1; }
    static std::string where(std::uint64_t now, const Wire& wire) {
        return "cycle " + std::to_string(now) + ", " + wire.name + ": ";
    }
    static void expect(std::uint64_t now, const Wire& wire, const char* what, bool whole, bool joined) {
        if (whole == joined) return;
        throw std::runtime_error(where(now, wire) + what + " is " + std::to_string(joined) + " where the one model has " +
                                 std::to_string(whole));
    }
};

typedef farm::SimulatedCore* (*Make)(std::uint64_t, const char*);
typedef std::unique_ptr<farm::StreamNode> Part;

struct Case {
    unsigned blocks, seed, threads;
    bool sleep, slices;
    unsigned variant, cycles;
};

inline Case read_case(char** words) {
    const auto number = [&](int i) { return static_cast<unsigned>(std::atoi(words[i])); };
    return {number(1), number(2), number(3), number(4) != 0, number(5) != 0, number(6), number(7)};
}

// Blocks a, b and perhaps c, a link between two, and in the second one a crossing with a register on each side.
class Joined {
  public:
    struct Between {
        Make first, second, slice;
    };

    Joined(const Case& given, const std::map<std::string, unsigned>& sizes, const Make* makes, const Between& between,
           void (*feed)(std::vector<Part>&))
        : given_(given), sizes_(sizes), random_(given.seed) {
        // Resets end one by one: of a, b, c, and of the slices.
        for (int i = 0; i < 5; i++) releases_.push_back(10 + random_() % 50);
        const bool three = given.blocks == 3;
        for (unsigned i = 0; i < 3; i++) blocks_.push_back(part(std::string(1, static_cast<char>('a' + i)), makes[i], i));
        feed(blocks_);
        wire("in", "in");
        pass(*blocks_[0], "input", "output", "ab0", "ab0");
        add("ab", between.first, 0, "ab1", "ab1");
        pass(*blocks_[1], "input", "output", three ? "bc0" : "out", "bc0");
        if (!three) return;
        add("bc", between.second, 1, "bc1", "bc1");
        for (unsigned i = 0; given.slices && i < 2; i++) add("slice", between.slice, 3 + i, i ? "bc3" : "bc2", "bc1");
        pass(*blocks_[2], "input", "output", "out", "out");
    }

    int run(Make whole) {
        Source source(&wires_.front(), given_.seed + 1);
        Sink sink(&wires_.back(), given_.seed + 2);
        std::unique_ptr<farm::SimulatedCore> model(whole(random_(), "whole"));
        std::vector<Wire*> inside;
        for (Wire& each : wires_)
            if (&each != &wires_.front() && &each != &wires_.back()) inside.push_back(&each);
        Whole one(model.get(), releases_, &wires_.front(), &wires_.back(), inside);
        std::vector<farm::Node*> nodes = {&source, &sink, &one};
        for (unsigned i = 0; i < given_.blocks; i++) nodes.push_back(blocks_[i].get());
        for (const Part& each : between_) nodes.push_back(each.get());
        farm::Counting window;
        Opener opener(&window);
        nodes.push_back(&opener);
        std::list<Recount> recounts;
        for (unsigned i = 0; i < given_.blocks; i++) {
            recounts.emplace_back(ends_[i].first, ends_[i].second);
            blocks_[i]->counted = &window;
            nodes.push_back(&recounts.back());
        }
        try {
            std::uint64_t done = 0;
            farm::Team(nodes, given_.threads, false).run(0, [&](std::uint64_t) { return (done += 64) > given_.cycles; });
        } catch (const std::exception& error) {
            std::printf("%s\n", error.what());
            return 1;
        }
        unsigned index = 0;
        for (const Recount& each : recounts)
            if (!each.equals(blocks_[index++]->counts)) return std::printf("block %u counts other cycles\n", index - 1), 1;
        std::uint64_t slept = 0;
        for (const Part& block : blocks_) slept += block->slept;
        std::printf("equal %llu in %llu out %llu slept\n", static_cast<unsigned long long>(source.moved_),
                    static_cast<unsigned long long>(sink.moved_), static_cast<unsigned long long>(slept));
        return 0;
    }

  private:
    const Case given_;
    const std::map<std::string, unsigned> sizes_;
    std::mt19937 random_;
    std::vector<std::uint64_t> releases_;
    std::list<Wire> wires_;  // from the source to the sink
    std::vector<Part> blocks_, between_;
    std::vector<std::pair<Wire*, Wire*>> ends_;  // of each block

    void wire(const char* name, const char* size) { wires_.emplace_back(name, sizes_.at(size)); }
    Part part(const std::string& name, Make make, std::size_t reset) {
        std::unique_ptr<farm::SimulatedCore> model(make(random_(), name.c_str()));
        return Part(new farm::StreamNode(name, std::move(model), releases_[reset], given_.sleep));
    }
    // From the last wire so far to a new one.
    void pass(farm::StreamNode& node, const char* in, const char* out, const char* name, const char* size) {
        Wire* before = &wires_.back();
        node.join(in, before);
        wire(name, size);
        node.join(out, &wires_.back());
        for (const Part& block : blocks_)
            if (block.get() == &node) ends_.emplace_back(before, &wires_.back());
    }
    void add(const char* name, Make make, std::size_t reset, const char* to, const char* size) {
        between_.push_back(part(name, make, reset));
        pass(*between_.back(), "from", "to", to, size);
    }
};

}  // namespace compare
