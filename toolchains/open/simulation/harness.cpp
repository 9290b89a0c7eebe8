// Runs a verilated core: sources and sinks at its ports, stalls from seeded patterns, counters at every stream.
//
// One pass of the loop is one clock cycle: set the pins and evaluate, record the beats that move, then the clock edge. The
// plain structs below are the interface to the caller; `simulator.py` declares the same ones.
#include <cerrno>
#include <cstdio>
#include <cstdint>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness.hpp"
#include "verilated.h"
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

// Verilator's own versions would end the process.
void vl_fatal(const char* file, int line, const char*, const char* message) {
    throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + message);
}
void vl_stop(const char* file, int line, const char* scope) { vl_fatal(file, line, scope, "$stop"); }

namespace farm {

// Verilator's writer does not report a file that it cannot open.
void check_writable(const char* path) {
    std::FILE* file = std::fopen(path, "wb");
    if (!file) throw std::runtime_error(std::string("cannot write ") + path + ": " + std::strerror(errno));
    std::fclose(file);
}

#if VM_TRACE
class FstWaveform : public Waveform {
  public:
    void* file() override { return &file_; }
    void open(const char* path) override {
        check_writable(path);
        file_.set_time_unit("1ps");
        file_.set_time_resolution("1ps");
        file_.open(path);
    }
    void dump(std::uint64_t picoseconds) override { file_.dump(picoseconds); }
    void close() override { file_.close(); }

  private:
    VerilatedFstC file_;
};

std::unique_ptr<Waveform> make_waveform() { return std::unique_ptr<Waveform>(new FstWaveform); }
void* shared_context() {
    static VerilatedContext context;
    return &context;
}
#else
std::unique_ptr<Waveform> make_waveform() { return nullptr; }
void* shared_context() { return nullptr; }
#endif

}  // namespace farm

namespace {

const unsigned RESET_CYCLES = 16;

extern "C" {

// When a port makes the core wait: if any of these conditions asks for it. With all zero it never does.
struct farm_stall {
    std::uint64_t seed;
    std::uint64_t start;           // nothing moves before this cycle
    std::uint64_t image_cycles;    // sources: spread the beats of an image evenly over this many cycles
    std::uint32_t chance;          // probability, in 1/65536, that a stall begins in a cycle without one
    std::uint32_t longest;         // a stall takes 1..longest cycles
    std::uint32_t open, closed;    // this many cycles open, then this many closed, repeatedly
};

enum farm_role { SOURCE = 0, ENDLESS_SOURCE = 1, SINK = 2 };

struct farm_port {
    const char* name;
    std::uint32_t role;
    std::uint32_t reserved;
    std::uint8_t* beats;             // source: to send; sink: captured
    std::uint64_t count;             // beats of all images; endless source: beats in its memory
    std::uint64_t image_beats;
    std::uint64_t* first;            // per image: cycle of its first and its last beat
    std::uint64_t* last;
    farm_stall stall;
    std::uint64_t moved;             // result
};

struct farm_counts {
    std::uint64_t beats, stalled, starved;
};

enum farm_outcome {
    DONE = 0,
    DEADLOCK = 1,
    CYCLE_LIMIT = 2,
    VALID_FELL = 3,        // port
    DATA_CHANGED = 4,      // port
    SURPLUS_BEAT = 5,      // port
    INPUT_LEFT = 6,        // port
    STREAM_VALID_FELL = 7, // stream
    FATAL = 8
};

struct farm_run {
    std::uint64_t cycle_limit;
    std::uint64_t gap;               // deadlock: more than this many cycles without a beat while nothing holds one back
    std::uint32_t ports, streams, fifos;
    // Results:
    std::uint32_t outcome;
    std::uint32_t index;
    std::uint32_t reserved;
    std::uint64_t cycles;
    farm_counts* counts;             // per stream
    std::uint32_t* marks;            // per FIFO: the most beats it ever held
    std::uint32_t* levels;           // per FIFO: at the end
    std::uint8_t* valid;             // per stream: at the end
    std::uint8_t* ready;
    char* message;
    std::uint64_t message_bytes;
};

}  // extern "C"

class Stall {
  public:
    explicit Stall(const farm_stall& plan) : plan_(plan), state_(plan.seed * 2 + 1), left_(0) {}

    // Returns whether the port waits in this cycle. `beat` is the number of beats moved so far.
    bool waits(std::uint64_t cycle, std::uint64_t beat, std::uint64_t image_beats) {
        bool wait = cycle < plan_.start;
        if (plan_.open + plan_.closed) wait |= cycle % (plan_.open + plan_.closed) >= plan_.open;
        // beat * image_cycles stays below 2^64: 2^32 beats, 2^32 cycles.
        if (plan_.image_cycles) wait |= (cycle - plan_.start) * image_beats < beat * plan_.image_cycles;
        if (left_) {
            left_--;
            return true;
        }
        if (plan_.chance && (next() & 65535u) < plan_.chance) {
            left_ = next() % plan_.longest;
            return true;
        }
        return wait;
    }

    bool pending(std::uint64_t cycle) const { return cycle < plan_.start; }

  private:
    // splitmix64 (Steele, Lea, Flood 2014; public domain): good random numbers from any seed.
    std::uint32_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return static_cast<std::uint32_t>((z ^ (z >> 31)) >> 32);
    }

    farm_stall plan_;
    std::uint64_t state_;
    std::uint64_t left_;
};

struct Port {
    farm_port* plan;
    farm::PortPins pins;
    Stall stall;
    bool offering;               // source: a beat is at the pins
    bool blocked;                // sink: a beat was at the pins in the last cycle and was not taken
    std::vector<unsigned char> held;

    bool source() const { return plan->role != SINK; }
    bool has_beat() const { return plan->role == ENDLESS_SOURCE || plan->moved < plan->count; }
};

class Simulation {
  public:
    Simulation(farm::SimulatedCore& core, farm_port* plans, farm_run& run, bool traced)
        : core_(core), run_(run), traced_(traced) {
        for (std::uint32_t i = 0; i < run.ports; i++) {
            farm_port& plan = plans[i];
            plan.moved = 0;
            for (const farm::PortPins& pins : core.ports)
                if (!std::strcmp(pins.name, plan.name)) ports_.push_back(Port{&plan, pins, Stall(plan.stall), false, false, {}});
            if (ports_.size() != i + 1 || ports_[i].pins.into_core != ports_[i].source())
                throw std::runtime_error(std::string("the core has no such port: ") + plan.name);
            ports_[i].held.resize(ports_[i].pins.bytes);
        }
        if (ports_.size() != core.ports.size() || core.streams != run.streams || core.levels.size() != run.fifos)
            throw std::runtime_error("ports, streams or FIFOs are not those of the core");
        last_valid_.resize((run.streams + 63) / 64);
        last_ready_.resize(last_valid_.size());
    }

    void run() {
        reset();
        std::uint64_t idle = 0;
        bool open = false;      // all stalls are off, to see whether the core moves by itself
        bool all_out = false;
        for (std::uint64_t cycle = 0;; cycle++) {
            if (cycle == run_.cycle_limit) return end(CYCLE_LIMIT, 0, cycle);
            for (Port& port : ports_) present(port, cycle, open);
            edge(0);
            if (!watch_streams(cycle)) return;
            bool moved = false;
            for (std::uint32_t i = 0; i < ports_.size(); i++) {
                if (ports_[i].source()) {
                    moved |= take(ports_[i], cycle);
                } else {
                    const int seen = give(ports_[i], cycle);
                    if (seen < 0) return end(static_cast<farm_outcome>(-seen), i, cycle);
                    moved |= seen != 0;
                }
            }
            edge(1);
            idle = moved || stream_moved_ ? 0 : idle + 1;
            if (!idle) open = open && all_out;
            if (!all_out && finished()) all_out = open = true;
            if (idle > run_.gap) {
                if (waiting_for_start(cycle)) {
                    idle = 0;
                } else if (!open) {
                    open = true;
                    idle = 0;
                } else {
                    return all_out ? end_well(cycle) : end(DEADLOCK, 0, cycle);
                }
            }
        }
    }

  private:
    void edge(unsigned char level) {
        *core_.clock = level;
        core_.eval();
        // A cycle is two units of the waveform's time.
        if (traced_) core_.dump(time_++);
    }

    void reset() {
        *core_.reset_n = 0;
        for (Port& port : ports_) *(port.source() ? port.pins.valid : port.pins.ready) = 0;
        for (unsigned i = 0; i < RESET_CYCLES; i++) {
            edge(0);
            edge(1);
        }
        *core_.reset_n = 1;
    }

    void present(Port& port, std::uint64_t cycle, bool open) {
        const farm_port& plan = *port.plan;
        // Advance the pattern in every cycle, so it does not depend on the core.
        const bool wait = port.stall.waits(cycle, plan.moved, plan.image_beats) && !open;
        if (!port.source()) {
            *port.pins.ready = !wait;
            return;
        }
        if (!port.offering && !wait && port.has_beat()) {
            const std::uint64_t at = plan.role == ENDLESS_SOURCE ? plan.moved % plan.count : plan.moved;
            std::memcpy(port.pins.data, plan.beats + at * port.pins.bytes, port.pins.bytes);
            port.offering = true;
        }
        *port.pins.valid = port.offering;
    }

    static void mark(const farm_port& plan, std::uint64_t cycle) {
        if (!plan.image_beats) return;
        const std::uint64_t image = plan.moved / plan.image_beats, beat = plan.moved % plan.image_beats;
        if (beat == 0) plan.first[image] = cycle;
        if (beat + 1 == plan.image_beats) plan.last[image] = cycle;
    }

    bool take(Port& port, std::uint64_t cycle) {
        if (!port.offering || !*port.pins.ready) return false;
        if (port.plan->role == SOURCE) mark(*port.plan, cycle);
        port.plan->moved++;
        port.offering = false;
        return true;
    }

    // Returns 1 if a beat came, 0 if none did, the negative outcome if the core broke a rule.
    int give(Port& port, std::uint64_t cycle) {
        farm_port& plan = *port.plan;
        const bool valid = *port.pins.valid;
        if (port.blocked) {
            if (!valid) return -VALID_FELL;
            if (std::memcmp(port.held.data(), port.pins.data, port.pins.bytes)) return -DATA_CHANGED;
        }
        port.blocked = valid && !*port.pins.ready;
        if (port.blocked) std::memcpy(port.held.data(), port.pins.data, port.pins.bytes);
        if (!valid || port.blocked) return 0;
        if (plan.moved == plan.count) return -SURPLUS_BEAT;
        mark(plan, cycle);
        std::memcpy(plan.beats + plan.moved * port.pins.bytes, port.pins.data, port.pins.bytes);
        plan.moved++;
        return 1;
    }

    static std::uint64_t word(const void* bits, std::uint32_t index, std::uint32_t streams) {
        const std::uint32_t bytes = (streams + 7) / 8 - index * 8;
        std::uint64_t value = 0;
        std::memcpy(&value, static_cast<const unsigned char*>(bits) + index * 8, bytes < 8 ? bytes : 8);
        return value;
    }

    bool watch_streams(std::uint64_t cycle) {
        stream_moved_ = false;
        for (std::uint32_t i = 0; i < last_valid_.size(); i++) {
            const std::uint64_t valid = word(core_.stream_valid, i, run_.streams);
            const std::uint64_t ready = word(core_.stream_ready, i, run_.streams);
            const std::uint64_t fell = last_valid_[i] & ~last_ready_[i] & ~valid;
            if (fell && cycle) {
                end(STREAM_VALID_FELL, i * 64 + static_cast<std::uint32_t>(__builtin_ctzll(fell)), cycle);
                return false;
            }
            last_valid_[i] = valid;
            last_ready_[i] = ready;
            stream_moved_ |= (valid & ready) != 0;
            for (std::uint64_t either = valid | ready; either; either &= either - 1) {
                const int bit = __builtin_ctzll(either);
                farm_counts& counts = run_.counts[i * 64 + bit];
                const bool v = valid >> bit & 1, r = ready >> bit & 1;
                counts.beats += v && r;
                counts.stalled += v && !r;
                counts.starved += !v && r;
            }
        }
        for (std::uint32_t i = 0; i < run_.fifos; i++)
            if (*core_.levels[i] > run_.marks[i]) run_.marks[i] = *core_.levels[i];
        return true;
    }

    bool finished() const {
        for (const Port& port : ports_)
            if (port.plan->role == SINK && port.plan->moved < port.plan->count) return false;
        return true;
    }

    bool waiting_for_start(std::uint64_t cycle) const {
        for (const Port& port : ports_)
            if (port.stall.pending(cycle)) return true;
        return false;
    }

    void end_well(std::uint64_t cycle) {
        for (std::uint32_t i = 0; i < ports_.size(); i++)
            if (ports_[i].plan->role == SOURCE && ports_[i].has_beat()) return end(INPUT_LEFT, i, cycle);
        end(DONE, 0, cycle);
    }

    void end(farm_outcome outcome, std::uint32_t index, std::uint64_t cycle) {
        run_.outcome = outcome;
        run_.index = index;
        run_.cycles = cycle;
        for (std::uint32_t i = 0; i < run_.streams; i++) {
            run_.valid[i] = last_valid_[i / 64] >> (i % 64) & 1;
            run_.ready[i] = last_ready_[i / 64] >> (i % 64) & 1;
        }
        for (std::uint32_t i = 0; i < run_.fifos; i++) run_.levels[i] = *core_.levels[i];
    }

    farm::SimulatedCore& core_;
    farm_run& run_;
    const bool traced_;
    std::uint64_t time_ = 0;
    std::vector<Port> ports_;
    std::vector<std::uint64_t> last_valid_, last_ready_;
    bool stream_moved_ = false;
};

}  // namespace

// `waveform` is the path of the waveform to write, or null.
extern "C" FARM_EXPORT void farm_simulate(farm::SimulatedCore* (*create)(std::uint64_t), std::uint64_t seed, farm_port* ports,
                              farm_run* run, const char* waveform) {
    try {
        farm::SimulatedCore* core = create(seed);
        try {
            if (waveform) {
                farm::check_writable(waveform);
                core->trace(waveform);
            }
            Simulation(*core, ports, *run, waveform != nullptr).run();
        } catch (...) {
            delete core;
            throw;
        }
        delete core;
    } catch (const std::exception& error) {
        run->outcome = FATAL;
        std::snprintf(run->message, run->message_bytes, "%s", error.what());
    }
}
