// Card memory behind the AXI4 masters of a verilated core. It checks the masters' side of the protocol and throws
// ProtocolError at the first violation. It uses no type of Verilator, only pointers to the ports.
//
// In each cycle, with the clock low and the model evaluated, call sample() of every port; then the rising edge; then drive().
// Rules and signals: AMBA AXI protocol specification (ARM IHI 0022), chapters A2 and A3.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace farm {

struct ProtocolError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Bytes at addresses base, base + 1, ...
struct CardMemory {
    std::uint64_t base = 0;
    std::vector<unsigned char> bytes;

    bool holds(std::uint64_t address, std::uint64_t count) const {
        return address >= base && address - base <= bytes.size() && bytes.size() - (address - base) >= count;
    }
};

// The signals of an address channel that vary from burst to burst or are checked.
struct AddressPins {
    const unsigned char* valid;
    unsigned char* ready;
    const std::uint64_t* address;
    const unsigned char* length;
    const unsigned char* size;
    const unsigned char* burst;
};

// `bytes` is the width of the data bus. Verilator keeps data wider than 64 bits as words, lowest first, so bytes are in order.
struct ReadPins {
    const char* name;
    std::uint32_t bytes;
    AddressPins ar;
    unsigned char* valid;
    const unsigned char* ready;
    void* data;
    unsigned char* last;
    unsigned char* response;
};

struct WritePins {
    const char* name;
    std::uint32_t bytes;
    AddressPins aw;
    const unsigned char* valid;
    unsigned char* ready;
    const void* data;
    const void* strobe;
    const unsigned char* last;
    unsigned char* answered;
    const unsigned char* answer_ready;
    unsigned char* answer;
};

// The pins of one master of a verilated top, e.g. FARM_READ_PINS(top, m_axi_gmem0, 64).
#define FARM_ADDRESS_PINS(top, prefix)                                                                         \
    { &(top).prefix##VALID, &(top).prefix##READY, &(top).prefix##ADDR, &(top).prefix##LEN, &(top).prefix##SIZE, \
      &(top).prefix##BURST }
#define FARM_READ_PINS(top, port, bytes)                                                              \
    { #port, bytes, FARM_ADDRESS_PINS(top, port##_AR), &(top).port##_RVALID, &(top).port##_RREADY,    \
      &(top).port##_RDATA, &(top).port##_RLAST, &(top).port##_RRESP }
#define FARM_WRITE_PINS(top, port, bytes)                                                             \
    { #port, bytes, FARM_ADDRESS_PINS(top, port##_AW), &(top).port##_WVALID, &(top).port##_WREADY,    \
      &(top).port##_WDATA, &(top).port##_WSTRB, &(top).port##_WLAST, &(top).port##_BVALID,            \
      &(top).port##_BREADY, &(top).port##_BRESP }

inline void require(bool holds, const std::string& port, std::uint64_t cycle, const char* rule) {
    if (!holds) throw ProtocolError(port + ", cycle " + std::to_string(cycle) + ": " + rule);
}

// What an address channel has to keep to; `memory` holds(address, bytes) what may be addressed.
class AddressRules {
  public:
    struct Burst {
        std::uint64_t address;
        unsigned words;
    };

    AddressRules(const char* name, std::uint32_t bytes) : name(name), bytes(bytes) {}

    // Whether an address moves in this cycle.
    template <typename Memory>
    bool sample(const AddressPins& pins, std::uint64_t cycle, Burst& burst, const Memory& memory) {
        if (!*pins.valid) {
            require(!offered, name, cycle, "an address was taken back before it was accepted");
            return false;
        }
        const Burst now = {*pins.address, *pins.length + 1u};
        if (offered) {
            const bool same = now.address == held.address && now.words == held.words;
            require(same, name, cycle, "an offered address changed");
        }
        const std::uint64_t last = now.address + std::uint64_t(now.words) * bytes - 1;
        require(*pins.burst == 1, name, cycle, "a burst that is not INCR");
        require((1u << *pins.size) == bytes, name, cycle, "a burst of words narrower than the bus");
        require(now.address % bytes == 0, name, cycle, "an address that is not a multiple of the word");
        require(now.address >> 12 == last >> 12, name, cycle, "a burst crosses a 4 KiB boundary");
        require(memory.holds(now.address, last - now.address + 1), name, cycle, "a burst outside the memory");
        held = now;
        offered = !*pins.ready;
        burst = now;
        return !offered;
    }

  private:
    const std::string name;
    const std::uint32_t bytes;
    bool offered = false;
    Burst held = {};
};

// What the data channel of a write has to keep to. A word is its bytes, with the strobes behind and then `last`.
class WriteDataRules {
  public:
    WriteDataRules(const char* name, std::uint32_t bytes)
        : name(name), bytes(bytes), strobes((bytes + 7) / 8), offered(bytes + strobes + 1), held(offered) {}

    // Whether a word moves in this cycle; it is then in word().
    bool sample(const WritePins& pins, std::uint64_t cycle) {
        if (!*pins.valid) {
            require(!waiting, name, cycle, "data was taken back before it was accepted");
            return false;
        }
        std::memcpy(offered.data(), pins.data, bytes);
        std::memcpy(offered.data() + bytes, pins.strobe, strobes);
        offered.back() = *pins.last;
        require(!waiting || offered == held, name, cycle, "offered data changed");
        held = offered;
        waiting = !*pins.ready;
        return !waiting;
    }

    const std::vector<unsigned char>& word() const { return held; }
    bool last() const { return held.back() != 0; }

    // Write the bytes of a word whose strobes are set.
    static void store(const unsigned char* word, std::uint32_t bytes, unsigned char* to) {
        for (std::uint32_t b = 0; b < bytes; b++) {
            if (word[bytes + b / 8] >> b % 8 & 1) to[b] = word[b];
        }
    }

  private:
    const std::string name;
    const std::uint32_t bytes, strobes;
    std::vector<unsigned char> offered, held;
    bool waiting = false;
};

// Which of the two channels of a write the memory takes first.
enum class WriteOrder { either, address_first, data_first };

// Latencies in cycles and probabilities of one memory port. A stall holds a channel for one cycle.
struct MemoryTiming {
    unsigned latency_low = 100;   // from an address to its first word, or from the last word to the answer
    unsigned latency_high = 100;
    unsigned stall_percent = 0;   // of each channel
    unsigned error_percent = 0;   // of words read and of bursts written: SLVERR or DECERR
    WriteOrder order = WriteOrder::either;
};

class MemoryPort {
  public:
    MemoryPort(const char* name, std::uint32_t bytes, CardMemory& memory, const MemoryTiming& timing, unsigned seed)
        : memory(memory), timing(timing), name(name), bytes(bytes), rules(name, bytes), random(seed) {}

    CardMemory& memory;
    MemoryTiming timing;
    std::uint64_t bursts = 0, words = 0, errors = 0;
    std::size_t most_bursts = 0;  // highest number outstanding at once

  protected:
    struct Burst {
        std::uint64_t address;
        unsigned words;
        std::uint64_t due;
    };

    const std::string name;
    const std::uint32_t bytes;
    std::uint64_t cycle = 0;

    void require(bool holds, const char* rule) const { farm::require(holds, name, cycle, rule); }
    bool chance(unsigned percent) { return percent != 0 && random() % 100 < percent; }
    std::uint64_t due() {
        return cycle + timing.latency_low + random() % (timing.latency_high - timing.latency_low + 1);
    }
    unsigned char response() {
        if (!chance(timing.error_percent)) return 0;
        errors++;
        return static_cast<unsigned char>(2 + random() % 2);
    }

    // Returns whether an address moves in this cycle. Checks it as long as it is offered.
    bool sample_address(const AddressPins& pins, Burst& burst) {
        AddressRules::Burst moved;
        if (!rules.sample(pins, cycle, moved, memory)) return false;
        burst = {moved.address, moved.words, due()};
        bursts++;
        return true;
    }

  private:
    AddressRules rules;
    std::mt19937 random;
};

class ReadMemory : public MemoryPort {
  public:
    ReadMemory(const ReadPins& pins, CardMemory& memory, const MemoryTiming& timing, unsigned seed)
        : MemoryPort(pins.name, pins.bytes, memory, timing, seed), pins(pins) {}

    void sample() {
        Burst burst;
        if (sample_address(pins.ar, burst)) under_way.push_back(burst);
        if (under_way.size() > most_bursts) most_bursts = under_way.size();
        moved = *pins.valid && *pins.ready;
    }

    void drive() {
        cycle++;
        *pins.ar.ready = !chance(timing.stall_percent);
        if (moved) {
            words++;
            Burst& burst = under_way.front();
            burst.address += bytes;
            if (--burst.words == 0) under_way.pop_front();
            *pins.valid = 0;
        }
        if (*pins.valid) return;  // an offered word stays as it is
        if (!under_way.empty() && under_way.front().due <= cycle && !chance(timing.stall_percent)) {
            const Burst& burst = under_way.front();
            std::memcpy(pins.data, &memory.bytes[burst.address - memory.base], bytes);
            *pins.last = burst.words == 1;
            *pins.response = response();
            *pins.valid = 1;
        } else {
            // Drive garbage: the core must ignore data that are not valid.
            std::memset(pins.data, 0xa5, bytes);
            *pins.last = 1;
            *pins.response = 3;
        }
    }

    bool quiet() const { return under_way.empty(); }

  private:
    const ReadPins pins;
    std::deque<Burst> under_way;
    bool moved = false;
};

class WriteMemory : public MemoryPort {
  public:
    WriteMemory(const WritePins& pins, CardMemory& memory, const MemoryTiming& timing, unsigned seed)
        : MemoryPort(pins.name, pins.bytes, memory, timing, seed), pins(pins), rules(pins.name, pins.bytes) {}

    void sample() {
        Burst burst;
        if (sample_address(pins.aw, burst)) addresses.push_back(burst);
        sample_data();
        answered = *pins.answered && *pins.answer_ready;
        while (!addresses.empty() && whole_bursts != 0) store();
        if (addresses.size() + answers.size() > most_bursts) most_bursts = addresses.size() + answers.size();
    }

    void drive() {
        cycle++;
        const bool stalled = chance(timing.stall_percent);
        *pins.aw.ready = !stalled && (timing.order != WriteOrder::data_first || whole_bursts > addresses.size());
        *pins.ready = !chance(timing.stall_percent) &&
                      (timing.order != WriteOrder::address_first || addresses.size() > whole_bursts);
        if (answered) {
            answers.pop_front();
            *pins.answered = 0;
        }
        if (*pins.answered) return;
        if (!answers.empty() && answers.front() <= cycle && !chance(timing.stall_percent)) {
            *pins.answer = response();
            *pins.answered = 1;
        } else {
            *pins.answer = 3;
        }
    }

    // Whether every burst has been answered and no data wait for an address.
    bool quiet() const { return addresses.empty() && data.empty() && answers.empty(); }

  private:
    const WritePins pins;
    std::deque<Burst> addresses;
    std::deque<std::vector<unsigned char>> data;  // words, as WriteDataRules has them
    std::deque<std::uint64_t> answers;            // when each is due
    std::size_t whole_bursts = 0;                 // in `data`
    WriteDataRules rules;
    bool answered = false;

    void sample_data() {
        if (!rules.sample(pins, cycle)) return;
        whole_bursts += rules.last();
        words++;
        data.push_back(rules.word());
    }

    void store() {
        const Burst burst = addresses.front();
        addresses.pop_front();
        for (unsigned i = 0; i < burst.words; i++) {
            const std::vector<unsigned char> word = data.front();
            data.pop_front();
            require((word.back() != 0) == (i + 1 == burst.words), "WLAST is not at the last word of its burst");
            const std::uint64_t at = burst.address - memory.base + std::uint64_t(i) * bytes;
            WriteDataRules::store(word.data(), bytes, &memory.bytes[at]);
            require(i + 1 == burst.words || !data.empty(), "WLAST is not at the last word of its burst");
        }
        whole_bursts--;
        answers.push_back(due());
    }
};

}  // namespace farm
