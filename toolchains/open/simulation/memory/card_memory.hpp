// The card's memory in cycles of the simulated clock: banks with a bandwidth and a latency, and AXI4 masters that share
// them. It is deterministic. What it takes from axi_memory.hpp are the pins and the rules that a master has to keep to.
//
// A cycle is: sample() with the clock low and the model evaluated; rising edge; drive().
//
// A bank moves RATE bytes a cycle, reading and writing together; RATE is a fraction. Each word costs its bytes. The bank
// saves up at most one word and one cycle's bytes, so that a fraction is not lost and a pause is not made up for. Masters
// that wait for a bank get one word each, in turns. A word that the bank has moved in cycle c reaches the master LATENCY
// cycles after its address was accepted, if nothing was in the way; so does the answer after a burst's last word.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "axi_memory.hpp"
#include "sparse_bytes.hpp"

namespace farm {

struct BankSettings {
    std::string tag;
    std::uint64_t base = 0, bytes = 0;
    std::uint64_t rate_numerator = 0, rate_denominator = 1;  // bytes a cycle, if nothing is lost
    std::uint64_t latency_cycles = 1;
    std::uint64_t outstanding = 1;  // bursts that each channel of a master may have under way
};

class Bank;

// One channel of one master at a bank.
class Channel {
  public:
    Channel(Bank& bank, std::uint32_t bytes) : bank(bank), bytes(bytes) {}
    virtual ~Channel() {}
    virtual void sample(std::uint64_t cycle) = 0;
    virtual void drive(std::uint64_t cycle) = 0;
    virtual bool wants() const = 0;                    // whether a word waits for the bank
    virtual void serve(std::uint64_t due) = 0;         // the bank moves that word; it takes effect in cycle `due`
    virtual bool quiet() const = 0;
    virtual bool writes() const = 0;

  protected:
    Bank& bank;
    friend class Bank;
    const std::uint32_t bytes;
};

// One memory of the card.
class Bank {
  public:
    explicit Bank(const BankSettings& settings) : settings(settings) { set_efficiency(100); }

    const BankSettings settings;
    SparseBytes contents;
    std::uint64_t read_bytes = 0, written_bytes = 0, busy_cycles = 0;

    bool holds(std::uint64_t address, std::uint64_t count) const {
        return address >= settings.base && address - settings.base <= settings.bytes &&
               settings.bytes - (address - settings.base) >= count;
    }

    void set_efficiency(std::uint64_t percent) {
        gain = settings.rate_numerator * percent;
        unit = settings.rate_denominator * 100;
        fill();
    }

    void attach(Channel& channel) {
        channels.push_back(&channel);
        widest = std::max(widest, channel.bytes);
        fill();
    }

    // What it moves in one cycle.
    void serve(std::uint64_t cycle) {
        saved = std::min(saved + gain, most);
        bool busy = false;
        const std::size_t begin = next;
        for (std::size_t turn = 0; turn < channels.size(); turn++) {
            const std::size_t number = (begin + turn) % channels.size();
            Channel& channel = *channels[number];
            if (!channel.wants()) continue;
            const std::uint64_t cost = channel.bytes * unit;
            // The next one may be narrower, but its turn comes after this one's.
            if (cost > saved) break;
            saved -= cost;
            channel.serve(cycle + settings.latency_cycles - 1);
            (channel.writes() ? written_bytes : read_bytes) += channel.bytes;
            next = (number + 1) % channels.size();
            busy = true;
        }
        busy_cycles += busy;
    }

    // Whether nothing would be different if it were not asked for some cycles.
    bool rested() const { return saved == most; }

  private:
    std::vector<Channel*> channels;
    std::size_t next = 0;
    std::uint32_t widest = 0;
    std::uint64_t gain = 0, unit = 1, saved = 0, most = 0;  // in fractions of a byte, `unit` of which are one

    void fill() { saved = most = gain + widest * unit; }
};

class ReadChannel : public Channel {
  public:
    ReadChannel(const ReadPins& pins, Bank& bank) : Channel(bank, pins.bytes), pins(pins), rules(pins.name, pins.bytes) {}

    void sample(std::uint64_t cycle) override {
        AddressRules::Burst burst;
        if (rules.sample(pins.ar, cycle, burst, bank)) bursts.push_back({burst.address, burst.words, burst.words});
        moved = *pins.valid && *pins.ready;
    }

    bool wants() const override { return served < bursts.size(); }

    void serve(std::uint64_t due) override {
        times.push_back(due);
        if (--bursts[served].to_serve == 0) served++;
    }

    void drive(std::uint64_t cycle) override {
        if (moved) {
            Burst& burst = bursts.front();
            burst.address += bytes;
            times.pop_front();
            if (--burst.to_give == 0) {
                bursts.pop_front();
                served--;
            }
            *pins.valid = 0;
        }
        *pins.ar.ready = bursts.size() < bank.settings.outstanding;
        if (*pins.valid) return;  // an offered word stays as it is
        if (!times.empty() && times.front() <= cycle) {
            const Burst& burst = bursts.front();
            bank.contents.read(burst.address, static_cast<unsigned char*>(pins.data), bytes);
            *pins.last = burst.to_give == 1;
            *pins.response = 0;
            *pins.valid = 1;
            clean = false;
        } else if (!clean) {
            // What is not valid must not matter.
            std::memset(pins.data, SparseBytes::JUNK, bytes);
            *pins.last = 1;
            *pins.response = 3;
            clean = true;
        }
    }

    bool quiet() const override { return bursts.empty() && *pins.ar.ready && !*pins.valid && clean; }
    bool writes() const override { return false; }

  private:
    struct Burst {
        std::uint64_t address;
        unsigned to_serve, to_give;
    };

    const ReadPins pins;
    AddressRules rules;
    std::deque<Burst> bursts;          // not all of whose words have been given
    std::size_t served = 0;            // bursts at the front that the bank has moved
    std::deque<std::uint64_t> times;   // when each word that the bank has moved may be given
    bool moved = false, clean = false;
};

class WriteChannel : public Channel {
  public:
    // Words that may wait for the bank. A master that is faster than the bank is held up when there are so many.
    static constexpr std::size_t BUFFERED_WORDS = 64;

    WriteChannel(const WritePins& pins, Bank& bank)
        : Channel(bank, pins.bytes), pins(pins), address_rules(pins.name, pins.bytes), data_rules(pins.name, pins.bytes) {}

    void sample(std::uint64_t cycle) override {
        now = cycle;
        AddressRules::Burst burst;
        if (address_rules.sample(pins.aw, cycle, burst, bank)) bursts.push_back(burst);
        if (data_rules.sample(pins, cycle)) words.push_back(data_rules.word());
        answered = *pins.answered && *pins.answer_ready;
    }

    bool wants() const override { return !bursts.empty() && !words.empty(); }

    void serve(std::uint64_t due) override {
        AddressRules::Burst& burst = bursts.front();
        const std::vector<unsigned char>& word = words.front();
        const bool last = --burst.words == 0;
        require((word.back() != 0) == last, pins.name, now, "WLAST is not at the last word of its burst");
        WriteDataRules::store(word.data(), bytes, bank.contents.at(burst.address));
        burst.address += bytes;
        words.pop_front();
        if (!last) return;
        bursts.pop_front();
        answers.push_back(due);
    }

    void drive(std::uint64_t cycle) override {
        if (answered) {
            answers.pop_front();
            *pins.answered = 0;
        }
        *pins.aw.ready = bursts.size() + answers.size() < bank.settings.outstanding;
        *pins.ready = words.size() < BUFFERED_WORDS;
        if (*pins.answered) return;
        const bool due = !answers.empty() && answers.front() <= cycle;
        *pins.answer = due ? 0 : 3;
        *pins.answered = due;
    }

    bool quiet() const override {
        return bursts.empty() && words.empty() && answers.empty() && *pins.aw.ready && *pins.ready && !*pins.answered;
    }
    bool writes() const override { return true; }

  private:
    const WritePins pins;
    AddressRules address_rules;
    WriteDataRules data_rules;
    std::deque<AddressRules::Burst> bursts;        // with the address and the number of the words that have not moved
    std::deque<std::vector<unsigned char>> words;  // as WriteDataRules has them
    std::deque<std::uint64_t> answers;             // when each is due
    std::uint64_t now = 0;
    bool answered = false;
};

// All memories of a card that a kernel uses.
class BankedMemory {
  public:
    struct Count {
        std::string tag;
        std::uint64_t read_bytes, written_bytes, busy_cycles;
    };

    // A line of settings: "bank TAG BASE BYTES RATE_NUMERATOR RATE_DENOMINATOR LATENCY_CYCLES OUTSTANDING", or
    // "memory efficiency_percent PERCENT" of all banks, while quiet. Other lines are another's. Throws std::runtime_error.
    void configure(const std::string& line) {
        std::istringstream words(line);
        std::string key;
        words >> key;
        if (key == "bank") add_bank(line, words);
        else if (key == "memory") set_efficiency(line, words);
    }

    // A master's port lies in the bank of that tag. Throws std::runtime_error for an unknown one.
    void attach_read(const ReadPins& pins, const std::string& tag) { attach<ReadChannel>(pins, tag); }
    void attach_write(const WritePins& pins, const std::string& tag) { attach<WriteChannel>(pins, tag); }

    // The host's way to the contents. Throws std::runtime_error for bytes that are not in one bank.
    void put(std::uint64_t address, const void* from, std::uint64_t count) {
        bank_at(address, count).contents.write(address, static_cast<const unsigned char*>(from), count);
    }
    void get(std::uint64_t address, void* to, std::uint64_t count) const {
        bank_at(address, count).contents.read(address, static_cast<unsigned char*>(to), count);
    }

    // Throws ProtocolError at the first rule that a master breaks.
    void sample() {
        for (auto& channel : channels) channel->sample(cycle);
    }

    void drive() {
        cycle++;
        for (auto& bank : banks) bank->serve(cycle);
        for (auto& channel : channels) channel->drive(cycle);
    }

    // Nothing is under way: as long as no master offers anything, cycles may be left out and nothing is different.
    bool quiet() const {
        return std::all_of(channels.begin(), channels.end(), [](const auto& channel) { return channel->quiet(); }) &&
               std::all_of(banks.begin(), banks.end(), [](const auto& bank) { return bank->rested(); });
    }

    // Since the last clear_counts(), for each bank, in the order of their lines.
    std::vector<Count> counts() const {
        std::vector<Count> found;
        for (const auto& bank : banks) {
            found.push_back({bank->settings.tag, bank->read_bytes, bank->written_bytes, bank->busy_cycles});
        }
        return found;
    }
    void clear_counts() {
        for (auto& bank : banks) bank->read_bytes = bank->written_bytes = bank->busy_cycles = 0;
    }

  private:
    std::vector<std::unique_ptr<Bank>> banks;
    std::vector<std::unique_ptr<Channel>> channels;
    std::uint64_t cycle = 0, efficiency_percent = 100;

    [[noreturn]] static void fail(const std::string& what) { throw std::runtime_error("card memory: " + what); }

    void add_bank(const std::string& line, std::istringstream& words) {
        BankSettings s;
        std::string rest;
        words >> s.tag >> s.base >> s.bytes >> s.rate_numerator >> s.rate_denominator >> s.latency_cycles >> s.outstanding;
        if (!words || words >> rest) fail("\"" + line + "\" does not have the values of a bank");
        constexpr std::uint64_t most = std::uint64_t{1} << 32;
        if (s.rate_numerator == 0 || s.rate_denominator == 0 || s.rate_numerator > most || s.rate_denominator > most) {
            fail("\"" + line + "\" has no bandwidth, or one of more than 32 bits");
        }
        if (s.latency_cycles == 0 || s.outstanding == 0) fail("\"" + line + "\" needs a latency and bursts of at least 1");
        if (s.bytes == 0 || s.base + s.bytes < s.base) fail("\"" + line + "\" ends behind the address space");
        for (const auto& bank : banks) {
            if (bank->settings.tag == s.tag) fail("bank " + s.tag + " is there twice");
            const bool apart = s.base + s.bytes <= bank->settings.base ||
                               bank->settings.base + bank->settings.bytes <= s.base;
            if (!apart) fail("banks " + s.tag + " and " + bank->settings.tag + " overlap");
        }
        banks.emplace_back(new Bank(s));
        banks.back()->set_efficiency(efficiency_percent);
    }

    void set_efficiency(const std::string& line, std::istringstream& words) {
        std::string key, rest;
        std::uint64_t percent = 0;
        words >> key >> percent;
        if (!words || words >> rest || key != "efficiency_percent" || percent < 1 || percent > 100) {
            fail("\"" + line + "\" is not an efficiency of 1 to 100 percent");
        }
        efficiency_percent = percent;
        for (auto& bank : banks) bank->set_efficiency(percent);
    }

    template <typename Kind, typename Pins>
    void attach(const Pins& pins, const std::string& tag) {
        for (auto& bank : banks) {
            if (bank->settings.tag != tag) continue;
            channels.emplace_back(new Kind(pins, *bank));
            bank->attach(*channels.back());
            return;
        }
        fail("there is no bank " + tag);
    }

    Bank& bank_at(std::uint64_t address, std::uint64_t count) const {
        for (const auto& bank : banks) {
            if (bank->holds(address, count)) return *bank;
        }
        fail(std::to_string(count) + " bytes at " + std::to_string(address) + " are not in one bank");
    }
};

}  // namespace farm
