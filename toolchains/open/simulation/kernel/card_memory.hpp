// The card's memory as the kernel's three masters see it: banks, each with what it holds.
#pragma once
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "axi_memory.hpp"

namespace farm {

class BankedMemory {
  public:
    struct Count {
        std::string tag;
        std::uint64_t read_bytes, written_bytes, busy_cycles;
    };

    void configure(const std::string&) {}
    void attach_read(const ReadPins& pins, const std::string&) {
        readers_.emplace_back(new ReadMemory(pins, memory_, MemoryTiming(), 1));
    }
    void attach_write(const WritePins& pins, const std::string&) {
        writers_.emplace_back(new WriteMemory(pins, memory_, MemoryTiming(), 1));
    }
    void put(std::uint64_t address, const void* from, std::uint64_t bytes) {
        if (memory_.bytes.empty()) memory_.base = address;
        if (address < memory_.base) throw std::runtime_error("addresses have to rise");
        if (memory_.bytes.size() < address - memory_.base + bytes) memory_.bytes.resize(address - memory_.base + bytes);
        if (from) std::memcpy(&memory_.bytes[address - memory_.base], from, bytes);
    }
    void get(std::uint64_t address, void* to, std::uint64_t bytes) const {
        if (!memory_.holds(address, bytes)) throw std::runtime_error("not in the memory");
        std::memcpy(to, &memory_.bytes[address - memory_.base], bytes);
    }
    void sample() {
        for (auto& each : readers_) each->sample();
        for (auto& each : writers_) each->sample();
    }
    void drive() {
        for (auto& each : readers_) each->drive();
        for (auto& each : writers_) each->drive();
    }
    bool quiet() const {
        for (auto& each : readers_)
            if (!each->quiet()) return false;
        for (auto& each : writers_)
            if (!each->quiet()) return false;
        return true;
    }
    std::vector<Count> counts() const { return {}; }
    void clear_counts() {}

  private:
    CardMemory memory_;
    std::vector<std::unique_ptr<ReadMemory>> readers_;
    std::vector<std::unique_ptr<WriteMemory>> writers_;
};

}  // namespace farm
