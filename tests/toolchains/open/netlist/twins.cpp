// Runs the RTL and the netlist of a module side by side, and ends at the first cycle in which a pin differs that is valid.
//
// Arguments: netlist, top, memory file (written back), images, base address, addresses of images, results and weights, stall
// percent, most cycles, beats. A module with registers is started by them and ends with its interrupt. One without ends after
// so many beats of each stream that it gives. Streams carry random data. Both get equal stimuli as long as they answer equally.
#include "axi_memory.hpp"
#include "gates.hpp"
#include "twins.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>

namespace {

struct GateTwin : Twin {
    gates::Gates gates;
    std::map<std::string, std::vector<unsigned char>> storage;

    GateTwin(const char* path, const char* top, unsigned seed, const std::map<std::string, Pin>& like) : gates(path, top, seed) {
        for (const auto& [name, pin] : like) {
            auto& bytes = storage[name];
            bytes.resize(pin.bits / 8 + 8);
            pins[name] = {bytes.data(), pin.bits, pin.input};
            gates.bind(name, bytes.data());
        }
    }
    void eval() override { gates.eval(); }
};

farm::AddressPins address_pins(Twin& twin, const std::string& channel) {
    return {twin.at(channel + "VALID"), twin.at(channel + "READY"),
            reinterpret_cast<std::uint64_t*>(twin.at(channel + "ADDR")), twin.at(channel + "LEN"), twin.at(channel + "SIZE"),
            twin.at(channel + "BURST")};
}

farm::ReadPins read_pins(Twin& twin, const char* port) {
    const std::string r = std::string(port) + "_R";
    return {port, twin.pins.at(r + "DATA").bits / 8, address_pins(twin, std::string(port) + "_AR"), twin.at(r + "VALID"),
            twin.at(r + "READY"), twin.at(r + "DATA"), twin.at(r + "LAST"), twin.at(r + "RESP")};
}

farm::WritePins write_pins(Twin& twin, const char* port) {
    const std::string w = std::string(port) + "_W", b = std::string(port) + "_B";
    return {port, twin.pins.at(w + "DATA").bits / 8, address_pins(twin, std::string(port) + "_AW"), twin.at(w + "VALID"),
            twin.at(w + "READY"), twin.at(w + "DATA"), twin.at(w + "STRB"), twin.at(w + "LAST"), twin.at(b + "VALID"),
            twin.at(b + "READY"), twin.at(b + "RESP")};
}

struct Card {
    farm::CardMemory memory;
    farm::ReadMemory images, weights;
    farm::WriteMemory results;

    Card(Twin& twin, const farm::CardMemory& card, const farm::MemoryTiming& timing)
        : memory(card), images(read_pins(twin, "m_axi_gmem0"), memory, timing, 11),
          weights(read_pins(twin, "m_axi_gmem2"), memory, timing, 12),
          results(write_pins(twin, "m_axi_gmem1"), memory, timing, 13) {}
    void sample() { images.sample(), weights.sample(), results.sample(); }
    void drive() { images.drive(), weights.drive(), results.drive(); }
};

// The valid that a payload comes with; empty for a handshake and for what is always valid.
std::string valid_of(const std::string& name) {
    const std::size_t line = name.rfind('_');
    if (line == std::string::npos) return "";
    const std::string signal = name.substr(line + 1);
    for (const char* channel : {"AW", "AR", "W", "R", "B", "T"}) {
        const std::size_t length = std::strlen(channel);
        if (signal.compare(0, length, channel) != 0) continue;
        const std::string what = signal.substr(length);
        if (what == "VALID" || what == "READY") return "";
        return name.substr(0, line + 1) + channel + "VALID";
    }
    return "";
}

// The first output that the two show differently, handshakes before what comes with them; empty if there is none.
std::string different(Twin& one, Twin& other) {
    std::string found;
    for (const auto& [name, pin] : one.pins) {
        if (pin.input) continue;
        const std::string valid = valid_of(name);
        if (!valid.empty() && (!found.empty() || !*one.at(valid))) continue;
        if (!std::memcmp(pin.bytes, other.at(name), (pin.bits + 7) / 8)) continue;
        if (valid.empty()) return name;
        found = name;
    }
    return found;
}

unsigned long long number(const char* text) { return std::strtoull(text, nullptr, 0); }

// Parameters never pause once they have begun (docs/decisions/0013-parameters-never-pause.md).
bool is_parameter(const std::string& name) {
    for (const std::string end : {"weights", "thresholds"})
        if (name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0) return true;
    return false;
}

// The streams of a module: those that it takes are fed with random data, and for those that it gives there is room at times.
class Streams {
  public:
    Streams(Twin& twin, unsigned stall) : stall(stall) {
        for (const auto& [name, pin] : twin.pins) {
            const std::size_t length = name.size() < 7 ? 0 : name.size() - 7;
            if (name.compare(length, 7, "_TVALID") == 0) names.emplace_back(name.substr(0, length), pin.input);
        }
    }
    void drive(std::unique_ptr<Twin> (&twins)[2]) {
        for (auto& [name, taken] : names) {
            if (!taken) {
                set(twins, name + "_TREADY", random() % 100 >= stall);
            } else if (!*twins[0]->at(name + "_TVALID") && (begun.count(name) || random() % 100 >= stall)) {
                set(twins, name + "_TVALID", 1);
                if (is_parameter(name)) begun.insert(name);
                const Pin& data = twins[0]->pins.at(name + "_TDATA");
                for (unsigned bit = 0; bit < data.bits; bit += 8) {
                    const unsigned left = data.bits - bit;
                    const unsigned mask = left < 8 ? (1u << left) - 1 : 255;
                    const auto byte = static_cast<unsigned char>(random() & mask);
                    for (auto& twin : twins) twin->at(name + "_TDATA")[bit / 8] = byte;
                }
            }
        }
    }
    // What moved in this cycle; taken data are no longer offered.
    void note(std::unique_ptr<Twin> (&twins)[2], std::vector<std::string>& over) {
        for (auto& [name, taken] : names) {
            if (!*twins[0]->at(name + "_TVALID") || !*twins[0]->at(name + "_TREADY")) continue;
            if (taken) over.push_back(name + "_TVALID");
            else given[name]++;
        }
    }
    static void set(std::unique_ptr<Twin> (&twins)[2], const std::string& name, unsigned char value) {
        for (auto& twin : twins) *twin->at(name) = value;
    }
    bool all_gave(unsigned long long beats) const {
        for (const auto& [name, taken] : names)
            if (!taken && (!given.count(name) || given.at(name) < beats)) return false;
        return true;
    }

  private:
    std::vector<std::pair<std::string, bool>> names;  // whether the module takes it
    std::map<std::string, unsigned long long> given;
    std::set<std::string> begun;
    std::mt19937 random{17};
    unsigned stall;
};

}  // namespace

// Verilator's library calls these instead of ending the program.
void vl_fatal(const char* file, int line, const char*, const char* what) {
    throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + what);
}
void vl_stop(const char* file, int line, const char* where) { vl_fatal(file, line, where, "$stop"); }

int main(int, char** argv) try {
    farm::CardMemory card;
    std::ifstream file(argv[3], std::ios::binary);
    card.bytes.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    card.base = number(argv[5]);
    farm::MemoryTiming timing;
    timing.latency_low = 20, timing.latency_high = 60;
    const unsigned stall = timing.stall_percent = static_cast<unsigned>(number(argv[9]));
    const unsigned long long most = number(argv[10]), beats = number(argv[11]);

    std::unique_ptr<Twin> twins[2] = {make_rtl(1), nullptr};
    twins[1] = std::make_unique<GateTwin>(argv[1], argv[2], 2, twins[0]->pins);
    // Verilator fills inputs at random, too.
    for (auto& twin : twins)
        for (const auto& [name, pin] : twin->pins)
            if (pin.input) std::memset(pin.bytes, 0, (pin.bits + 7) / 8);
    const bool started = twins[0]->pins.count("interrupt");
    std::optional<Card> cards[2];
    if (started)
        for (int side = 0; side < 2; side++) cards[side].emplace(*twins[side], card, timing);
    Streams streams(*twins[0], stall);

    // Register writes: both halves of each address, the number of images, interrupts on, and the start.
    std::vector<std::pair<unsigned, std::uint32_t>> writes;
    if (started) {
        for (unsigned i = 0; i < 3; i++) {
            const std::uint64_t address = number(argv[6 + i]);
            writes.push_back({0x10 + 12 * i, static_cast<std::uint32_t>(address)});
            writes.push_back({0x14 + 12 * i, static_cast<std::uint32_t>(address >> 32)});
        }
        writes.push_back({0x34, static_cast<std::uint32_t>(number(argv[4]))});
        writes.push_back({0x04, 1}), writes.push_back({0x08, 1}), writes.push_back({0x00, 1});
    }
    std::size_t next = 0;
    // One write at a time: its address until that is taken, its data until those are.
    bool address = false, data = false;
    for (unsigned long long cycle = 0; cycle < most; cycle++) {
        Streams::set(twins, "ap_clk", 0), Streams::set(twins, "ap_rst_n", cycle >= 40);
        if (started) {
            Streams::set(twins, "s_axi_control_BREADY", 1), Streams::set(twins, "s_axi_control_ARVALID", 0);
            Streams::set(twins, "s_axi_control_AWVALID", address), Streams::set(twins, "s_axi_control_WVALID", data);
            Streams::set(twins, "s_axi_control_WSTRB", 15);
            for (auto& twin : twins) {
                if (!data) continue;
                *twin->at("s_axi_control_AWADDR") = static_cast<unsigned char>(writes[next].first);
                std::memcpy(twin->at("s_axi_control_WDATA"), &writes[next].second, 4);
            }
        }
        // Before the reset has reached every block the registers are random.
        const bool awake = cycle >= 60;
        if (awake) streams.drive(twins);
        for (auto& twin : twins) twin->eval();
        if (awake) {
            const std::string name = different(*twins[0], *twins[1]);
            if (!name.empty())
                return std::printf("cycle %llu: the netlist differs at %s: %s, expected %s\n", cycle, name.c_str(),
                                   twins[1]->shown(name).c_str(), twins[0]->shown(name).c_str()), 1;
        }
        bool address_taken = false, data_taken = false;
        std::vector<std::string> over;
        if (awake && started) {
            for (auto& each : cards) each->sample();
            address_taken = address && *twins[0]->at("s_axi_control_AWREADY");
            data_taken = data && *twins[0]->at("s_axi_control_WREADY");
        }
        if (awake) streams.note(twins, over);
        const bool done = awake && (started ? *twins[0]->at("interrupt") != 0 : streams.all_gave(beats));
        Streams::set(twins, "ap_clk", 1);
        for (auto& twin : twins) twin->eval();
        if (awake && started)
            for (auto& each : cards) each->drive();
        for (const std::string& name : over) Streams::set(twins, name, 0);
        address = address && !address_taken;
        if (data_taken) data = false, next++;
        if (awake && !address && !data && !data_taken && next < writes.size()) address = data = true;
        if (!done) continue;
        if (started) {
            if (cards[0]->memory.bytes != cards[1]->memory.bytes) return std::puts("the memories differ"), 1;
            const auto& bytes = cards[1]->memory.bytes;
            std::ofstream(argv[3], std::ios::binary)
                .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        }
        return std::printf("%llu cycles\n", cycle), 0;
    }
    return std::printf("no end after %llu cycles\n", most), 1;
} catch (const std::runtime_error& error) {
    return std::printf("error: %s\n", error.what()), 2;
}
