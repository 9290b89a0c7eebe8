// Simulates the DMA core together with a host, a card memory and the blocks. The argument is a folder with three files:
// `scenario` (lines of a key and values, see read_scenario), `memory`, and `results` (the beats that the last block sends).
// It writes `image` and `weights` (the beats that the blocks got) and the final `memory`. For each call it prints a line of
// figures and, for each stream, the cycles since the start of the call in which the last beat of each image moved.
#include "bench.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

namespace {

using farm::ProtocolError;

const std::uint32_t CONTROL = 0x00, ON = 0x04, ENABLED = 0x08, PENDING = 0x0c, ERRORS = 0x3c;
const std::uint32_t START = 1, DONE = 2, IDLE = 4, READY = 8, AUTO_RESTART = 0x80;

struct Call {
    std::uint64_t in_r, out_r, weightsmem;
    std::uint32_t images;
};

struct Scenario {
    std::string core;
    unsigned seed = 1, stream_stall_percent = 0, host_stall_percent = 0, auto_restarts = 0;
    std::uint64_t results_per_image = 1, beats_before_results = 0, longest = 100000;
    farm::MemoryTiming timing;
    farm::CardMemory memory;
    std::vector<Call> calls;
};

std::vector<unsigned char> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, const std::vector<unsigned char>& bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file) throw std::runtime_error("cannot write " + path);
}

Scenario read_scenario(const std::string& path) {
    std::ifstream file(path);
    Scenario s;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string key;
        words >> key;
        if (key == "core") words >> s.core;
        else if (key == "seed") words >> s.seed;
        else if (key == "latency") words >> s.timing.latency_low >> s.timing.latency_high;
        else if (key == "memory_stall_percent") words >> s.timing.stall_percent;
        else if (key == "error_percent") words >> s.timing.error_percent;
        else if (key == "stream_stall_percent") words >> s.stream_stall_percent;
        else if (key == "host_stall_percent") words >> s.host_stall_percent;
        else if (key == "results_per_image") words >> s.results_per_image;
        else if (key == "beats_before_results") words >> s.beats_before_results;
        else if (key == "longest_cycles") words >> s.longest;
        else if (key == "auto_restarts") words >> s.auto_restarts;
        else if (key == "base") words >> s.memory.base;
        else if (key == "write_order") {
            std::string order;
            words >> order;
            s.timing.order = order == "address_first" ? farm::WriteOrder::address_first
                             : order == "data_first"  ? farm::WriteOrder::data_first
                                                      : farm::WriteOrder::either;
        } else if (key == "call") {
            Call call;
            words >> call.in_r >> call.out_r >> call.weightsmem >> call.images;
            s.calls.push_back(call);
        } else throw std::runtime_error("scenario: " + key + " is not a key");
        if (!words) throw std::runtime_error("scenario: " + line + " has too few values");
    }
    return s;
}

// Takes the beats of a stream and records the cycles in which they move.
struct Sink {
    const char* name;
    StreamPins pins;
    std::vector<unsigned char> bytes, held;
    std::uint64_t all = 0;             // beats of all calls
    std::vector<std::uint64_t> moved;  // the cycle of every beat of this call

    void sample(std::uint64_t cycle) {
        std::vector<unsigned char> now(pins.bytes);
        std::memcpy(now.data(), pins.data, pins.bytes);
        if (!held.empty() && (!*pins.valid || now != held)) {
            throw ProtocolError(std::string(name) + ": an offered beat was taken back or changed");
        }
        held.clear();
        if (!*pins.valid) return;
        if (!*pins.ready) {
            held = now;
            return;
        }
        bytes.insert(bytes.end(), now.begin(), now.end());
        all++;
        moved.push_back(cycle);
    }
};

class Simulation {
  public:
    Simulation(Bench& dma, Scenario& scenario, std::vector<unsigned char> results)
        : image{"image", dma.image, {}, {}}, weights{"weights", dma.weights, {}, {}}, dma(dma), s(scenario),
          results(std::move(results)), random(s.seed), gmem0(dma.gmem0, s.memory, s.timing, s.seed + 1),
          gmem1(dma.gmem1, s.memory, s.timing, s.seed + 2), gmem2(dma.gmem2, s.memory, s.timing, s.seed + 3) {
        // Inputs of the core are not random at power-on.
        const ControlPins& c = dma.control;
        for (unsigned char* pin : {c.awvalid, c.wvalid, c.bready, c.arvalid, c.rready, dma.gmem0.valid, dma.gmem2.valid,
                                   dma.gmem1.answered, dma.image.ready, dma.weights.ready, dma.result.valid}) {
            *pin = 0;
        }
        *dma.reset_n = 0;
        for (int i = 0; i < 5; i++) edge();
        *dma.reset_n = 1;
    }

    Sink image, weights;
    std::uint64_t cycle = 0;

    void tick() {
        *dma.clock = 0;
        dma.eval();
        image.sample(cycle);
        weights.sample(cycle);
        gmem0.sample();
        gmem1.sample();
        gmem2.sample();
        const bool result_moved = *dma.result.valid && *dma.result.ready;
        const farm::AddressPins& aw = dma.gmem1.aw;
        if (*aw.valid && *aw.ready) promised += *aw.length + 1u;
        expect(promised <= sent, "m_axi_gmem1 starts a burst before it has all its words");
        edge();
        if (cycle == s.longest) throw std::runtime_error("no end within " + std::to_string(s.longest) + " cycles");
        gmem0.drive();
        gmem1.drive();
        gmem2.drive();
        *dma.image.ready = !chance(s.stream_stall_percent);
        *dma.weights.ready = !chance(s.stream_stall_percent);
        if (result_moved) {
            sent++;
            results_moved.push_back(cycle);
            *dma.result.valid = 0;
        }
        if (!*dma.result.valid) {
            *dma.result.valid = sent < allowed && image_is_through() && !chance(s.stream_stall_percent);
            if (*dma.result.valid) std::memcpy(dma.result.data, &results[sent * 4 % results.size()], 4);
        }
        cycle++;
    }

    void write(std::uint32_t address, std::uint32_t value) {
        ControlPins& c = dma.control;
        *c.awaddr = static_cast<unsigned char>(address);
        host_waits();
        move(c.awvalid, c.awready);
        host_waits();
        *c.wdata = value;
        *c.wstrb = 0xf;
        move(c.wvalid, c.wready);
        *c.wdata = 0xffffffff;
        host_waits();
        move(c.bready, c.bvalid);
        if (*c.bresp != 0) throw ProtocolError("s_axi_control: a write was refused");
    }

    std::uint32_t read(std::uint32_t address) {
        ControlPins& c = dma.control;
        *c.araddr = static_cast<unsigned char>(address);
        host_waits();
        move(c.arvalid, c.arready);
        host_waits();
        std::uint32_t value = 0;
        move(c.rready, c.rvalid, c.rdata, &value);
        return value;
    }

    void expect(bool holds, const char* what) const {
        if (!holds) throw ProtocolError(std::string("control, cycle ") + std::to_string(cycle) + ": " + what);
    }

    void arguments(const Call& call) {
        const std::uint64_t pointers[] = {call.in_r, call.out_r, call.weightsmem};
        for (std::uint32_t i = 0; i < dma.pointers; i++) {
            const std::uint32_t place = 0x10 + 12 * i;
            write(place, static_cast<std::uint32_t>(pointers[i]));
            write(place + 4, static_cast<std::uint32_t>(pointers[i] >> 32));
            expect(read(place) == static_cast<std::uint32_t>(pointers[i]), "an argument does not read back");
            expect(read(place + 4) == pointers[i] >> 32, "an argument does not read back");
        }
        const std::uint32_t count = 0x10 + 12 * dma.pointers;
        write(count, call.images);
        expect(read(count) == call.images, "numReps does not read back");
    }

    // One call as a driver makes it; returns the bus errors that the core saw.
    void run(const Call& call) {
        expect(read(CONTROL) == IDLE, "not idle before a call");
        arguments(call);
        write(ON, 1);
        write(ENABLED, 3);
        allow(call.images);
        const std::uint64_t words = gmem1.words + call.images * s.results_per_image;
        const std::uint64_t begin = cycle;
        image.moved.clear(), weights.moved.clear(), results_moved.clear();
        write(CONTROL, START);
        // Writing the argument registers must not affect the call that is running.
        write(0x10, 0xdeadbeef), write(0x1c, 0xdeadbeef), write(0x28, 0xdeadbeef), write(0x34, 9);
        std::uint32_t value;
        do {
            value = read(CONTROL);
            expect(((value & START) != 0) == ((value & DONE) == 0), "ap_start does not end with ap_done");
            expect(((value & IDLE) != 0) == ((value & DONE) != 0), "ap_idle within a call, or not after it");
        } while (!(value & DONE));
        const std::uint64_t end = cycle;
        expect(gmem1.words == words && gmem1.quiet(), "done before the last write was answered");
        expect(gmem0.quiet() && gmem2.quiet(), "done while words are under way");
        expect((value & READY) != 0, "no ap_ready");
        value = read(CONTROL);
        expect((value & (DONE | READY)) == 0, "ap_done is not cleared by reading");
        expect((value >> 9 & 1) && *dma.interrupt, "no interrupt");
        expect(read(PENDING) == 3, "the interrupt's reason is not there");
        write(PENDING, 3);
        expect(read(PENDING) == 0 && !*dma.interrupt, "the interrupt stays");
        report(call, end - begin);
        report_ends("image", image.moved, call.images, begin);
        report_ends("weights", weights.moved, call.images, begin);
        report_ends("result", results_moved, call.images, begin);
    }

    // The same call over and over (ap_ctrl auto-restart), until the host clears the bit.
    void run_auto_restart(const Call& call) {
        arguments(call);
        allow(call.images * 1000);
        write(CONTROL, START | AUTO_RESTART);
        const std::uint64_t begin = cycle;
        unsigned ends = 0;
        while (ends < s.auto_restarts) ends += (read(CONTROL) & DONE) != 0;
        write(CONTROL, 0);
        while (!(read(CONTROL) & IDLE)) {
        }
        expect(gmem1.words % (call.images * s.results_per_image) == 0, "ended within a call");
        report(call, cycle - begin);
    }

    std::uint64_t words_written() const { return gmem1.words; }
    std::uint64_t weight_words_read() const { return gmem2.words; }

  private:
    Bench& dma;
    Scenario& s;
    const std::vector<unsigned char> results;
    std::mt19937 random;
    farm::ReadMemory gmem0;
    farm::WriteMemory gmem1;
    farm::ReadMemory gmem2;
    std::uint64_t sent = 0, allowed = 0, promised = 0;
    std::vector<std::uint64_t> results_moved;

    bool chance(unsigned percent) { return percent != 0 && random() % 100 < percent; }

    // If the scenario asks for it, the results of an image come only after the whole image has been read.
    bool image_is_through() const {
        return s.beats_before_results == 0 || sent < image.all / s.beats_before_results * s.results_per_image;
    }

    void allow(std::uint64_t images) { allowed = gmem1.words + images * s.results_per_image; }

    void edge() {
        *dma.clock = 0;
        dma.eval();
        *dma.clock = 1;
        dma.eval();
    }

    void host_waits() {
        while (chance(s.host_stall_percent)) tick();
    }

    // Holds `mine` high until `theirs` is high too, and through that cycle.
    void move(unsigned char* mine, const unsigned char* theirs, const std::uint32_t* from = nullptr,
              std::uint32_t* to = nullptr) {
        *mine = 1;
        *dma.clock = 0;
        dma.eval();
        while (!*theirs) tick();
        if (to) *to = *from;
        tick();
        *mine = 0;
    }

    static std::uint64_t span(const std::vector<std::uint64_t>& moved) {
        return moved.empty() ? 0 : moved.back() - moved.front() + 1;
    }

    // Prints nothing if the beats do not divide evenly among the images.
    static void report_ends(const char* stream, const std::vector<std::uint64_t>& moved, std::uint32_t images,
                            std::uint64_t begin) {
        if (images == 0 || moved.empty() || moved.size() % images != 0) return;
        std::printf("ends %s", stream);
        for (std::size_t i = moved.size() / images; i <= moved.size(); i += moved.size() / images) {
            std::printf(" %llu", static_cast<unsigned long long>(moved[i - 1] - begin));
        }
        std::printf("\n");
    }

    void report(const Call& call, std::uint64_t cycles) {
        const std::uint64_t errors = gmem0.errors + gmem1.errors + gmem2.errors;
        const std::uint32_t marks = read(ERRORS);
        const std::uint32_t wanted = (gmem0.errors != 0) | (gmem1.errors != 0) << 1 | (gmem2.errors != 0) << 2;
        expect(marks == wanted, "the marks of bus errors are wrong");
        write(ERRORS, 7);
        expect(read(ERRORS) == 0, "the marks of bus errors stay");
        gmem0.errors = gmem1.errors = gmem2.errors = 0;
        std::printf("images %u cycles %llu errors %llu image %llu weights %llu most_bursts %zu %zu %zu\n", call.images,
                    static_cast<unsigned long long>(cycles), static_cast<unsigned long long>(errors),
                    static_cast<unsigned long long>(span(image.moved)), static_cast<unsigned long long>(span(weights.moved)),
                    gmem0.most_bursts, gmem1.most_bursts, gmem2.most_bursts);
    }
};

std::unique_ptr<Bench> make_core(const std::string& name, unsigned seed) {
    for (const BenchedCore* core = benched_cores; core->name; core++) {
        if (name == core->name) return core->make(seed, "TOP");
    }
    throw std::runtime_error("scenario: no core " + name);
}

void simulate(const std::string& folder) {
    Scenario scenario = read_scenario(folder + "/scenario");
    scenario.memory.bytes = read_file(folder + "/memory");
    std::unique_ptr<Bench> dma = make_core(scenario.core, scenario.seed);
    Simulation simulation(*dma, scenario, read_file(folder + "/results"));
    for (const Call& call : scenario.calls) {
        if (scenario.auto_restarts) simulation.run_auto_restart(call);
        else simulation.run(call);
    }
    // Go on for a while: the core must do nothing after the last call.
    for (int i = 0; i < 300; i++) simulation.tick();
    std::printf("weight_words_read %llu\n", static_cast<unsigned long long>(simulation.weight_words_read()));
    std::printf("words %llu\n", static_cast<unsigned long long>(simulation.words_written()));
    write_file(folder + "/image", simulation.image.bytes);
    write_file(folder + "/weights", simulation.weights.bytes);
    write_file(folder + "/memory", scenario.memory.bytes);
}

}  // namespace

// Verilator's library calls these for a fault in the model itself.
void vl_fatal(const char* file, int line, const char*, const char* message) {
    throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + message);
}

void vl_stop(const char* file, int line, const char* scope) { vl_fatal(file, line, scope, "$stop"); }

int main(int argc, char** argv) {
    for (int i = 1; i < argc; i++) {
        try {
            simulate(argv[i]);
        } catch (const std::exception& error) {
            std::printf("fault %s\n", error.what());
            std::cerr << argv[i] << ": " << error.what() << "\n";
            return 1;
        }
    }
    return 0;
}
