// Masters of a card memory, without any hardware. Standard input: lines of the memory's settings, and
//   read|write NAME BANK WORD_BYTES ADDRESS BURST_WORDS BURSTS AHEAD PAUSE
// where AHEAD is how many bursts a master has under way at most and PAUSE how many cycles it waits between two.
//   skip            leave out cycles in which memory and masters rest
//   break RULE      the first master breaks a rule of the protocol
// Prints for each burst in which cycle its address was accepted, its first and its last word moved, and for a write the
// answer; then the counts and, for readers, a sum over the bytes.
#include "card_memory.hpp"

#include <cstdio>
#include <iostream>
#include <map>

struct Times {
    std::uint64_t accepted, first, last, answered;
};

struct Master {
    std::string name, bank, rule;
    bool writes = false;
    std::uint32_t bytes = 0;
    std::uint64_t address = 0, words = 0, bursts = 0, ahead = 0, pause = 0;

    unsigned char avalid = 0, aready = 0, length = 0, size = 0, kind = 1;
    std::uint64_t aaddress = 0;
    unsigned char valid = 0, ready = 0, last = 0, response = 0, answered = 0, answer_ready = 1, answer = 0;
    unsigned char data[64] = {}, strobe[8] = {};

    std::vector<Times> times;
    std::uint64_t issued = 0, given = 0, ended = 0, word = 0, rest = 0, sum = 0;

    farm::AddressPins address_pins() { return {&avalid, &aready, &aaddress, &length, &size, &kind}; }

    void attach(farm::BankedMemory& memory) {
        for (size = 0; (1u << size) != bytes;) size++;
        length = static_cast<unsigned char>(words - 1);
        if (writes) {
            memory.attach_write({name.c_str(), bytes, address_pins(), &valid, &ready, data, strobe, &last, &answered,
                                 &answer_ready, &answer}, bank);
            std::memset(strobe, 0xff, sizeof strobe);
        } else {
            memory.attach_read({name.c_str(), bytes, address_pins(), &valid, &ready, data, &last, &response}, bank);
            ready = 1;
        }
        offer();
    }

    bool done() const { return ended == bursts; }
    bool resting() const { return !avalid && !(writes && valid); }

    // What moves in this cycle.
    void sample(std::uint64_t cycle) {
        if (avalid && aready) {
            times.push_back({cycle, 0, 0, 0});
            issued++;
            rest = pause;
            avalid = 0;
        }
        if (valid && ready) {
            const std::uint64_t burst = writes ? given : ended;
            while (times.size() <= burst) times.push_back({});
            if (word == 0) times[burst].first = cycle;
            if (!writes) {
                for (std::uint32_t b = 0; b < bytes; b++) sum = sum * 31 + data[b];
                if ((last != 0) != (word + 1 == words) || response != 0) throw std::runtime_error("RLAST or RRESP is wrong");
            }
            if (++word == words) {
                times[burst].last = cycle;
                word = 0;
                (writes ? given : ended)++;
            }
        }
        if (writes && answered && answer_ready) times[ended++].answered = cycle;
    }

    // What it offers in the next one.
    void offer() {
        if (rest) rest--;
        else if (!avalid && issued < bursts && issued - ended < ahead) {
            avalid = 1;
            aaddress = address + issued * words * bytes;
        }
        if (avalid && rule == "address") aaddress ^= bytes;
        if (avalid && rule == "outside") aaddress = ~std::uint64_t{0xfff};
        if (avalid && rule == "taken back" && issued == 1 && ++broken == 3) avalid = 0;
        if (!writes) return;
        valid = given < issued || (avalid && given == issued && given < bursts);
        for (std::uint32_t b = 0; b < bytes; b++) data[b] = static_cast<unsigned char>(given * words + word + b);
        last = word + 1 == words;
        if (rule == "last") last = 1;
    }
    unsigned broken = 0;
};

int main() try {
    farm::BankedMemory memory;
    std::vector<std::unique_ptr<Master>> masters;
    bool skip = false;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string key;
        words >> key;
        if (key == "read" || key == "write") {
            masters.emplace_back(new Master);
            Master& m = *masters.back();
            m.writes = key == "write";
            words >> m.name >> m.bank >> m.bytes >> m.address >> m.words >> m.bursts >> m.ahead >> m.pause;
        } else if (key == "skip") skip = true;
        else if (key == "break") std::getline(words >> std::ws, masters.front()->rule);
        else memory.configure(line);
    }
    for (auto& m : masters) m->attach(memory);
    std::uint64_t cycle = 0, skipped = 0;
    const auto all = [&](auto holds) { return std::all_of(masters.begin(), masters.end(), holds); };
    for (; !all([](auto& m) { return m->done(); }); cycle++) {
        if (cycle == 1000000) throw std::runtime_error("not done after a million cycles");
        const bool rests = skip && memory.quiet() && all([](auto& m) { return m->resting(); });
        if (!rests) memory.sample();
        for (auto& m : masters) m->sample(cycle);
        if (!rests) memory.drive();
        skipped += rests;
        for (auto& m : masters) m->offer();
    }
    for (auto& m : masters) {
        for (const Times& t : m->times) {
            std::printf("burst %s %lu %lu %lu %lu\n", m->name.c_str(), t.accepted, t.first, t.last, t.answered);
        }
        std::printf("sum %s %lu\n", m->name.c_str(), m->sum);
    }
    for (const auto& c : memory.counts()) {
        std::printf("bank %s %lu %lu %lu\n", c.tag.c_str(), c.read_bytes, c.written_bytes, c.busy_cycles);
    }
    std::printf("cycles %lu skipped %lu\n", cycle, skipped);
} catch (const std::exception& error) {
    std::printf("error %s\n", error.what());
    return 1;
}
