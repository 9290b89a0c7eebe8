// A parameter memory, cycle by cycle as `blocks/parameter_memory/memory.sv` is: its beats over and over. Contents come
// with the xclbin, so no trained value is in any model.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "harness.hpp"

namespace farm {

inline std::uint64_t differing_bits(const unsigned char* one, const unsigned char* other, std::uint32_t bytes) {
    std::uint64_t count = 0;
    std::uint32_t i = 0;
    for (; i + 8 <= bytes; i += 8) {
        std::uint64_t a, b;
        std::memcpy(&a, one + i, 8);
        std::memcpy(&b, other + i, 8);
        count += static_cast<std::uint64_t>(__builtin_popcountll(a ^ b));
    }
    for (; i < bytes; i++) count += static_cast<std::uint64_t>(__builtin_popcount(one[i] ^ other[i]));
    return count;
}

class ParameterSource {
  public:
    // `fill_cycles`: from the end of reset until the first beat stands at the port: 1 for distributed RAM; 2 for block
    // RAM, which has one register for what is read and another one for what leaves.
    ParameterSource(const PortPins& pins, std::uint32_t fill_cycles, std::vector<unsigned char> beats)
        : pins_(pins), fill_cycles_(fill_cycles), beats_(std::move(beats)), depth_(beats_.size() / pins.bytes) {
        for (std::uint64_t i = 0; i < depth_; i++) {
            const std::uint64_t after = (i + 1) % depth_;
            changes_.push_back(static_cast<std::uint32_t>(
                differing_bits(&beats_[i * pins.bytes], &beats_[after * pins.bytes], pins.bytes)));
        }
        *pins_.valid = 0;
    }

    // Before a cycle: whether a beat moves in it.
    bool moves() const { return *pins_.valid && *pins_.ready; }

    // Puts into the pins what stands there in the next cycle; true where they change. `took` is `moves()` of this one.
    bool after_edge(bool took, bool reset_n) {
        const bool resetting = resetting_;
        resetting_ = !reset_n;
        if (resetting) {
            const bool was = *pins_.valid;
            *pins_.valid = 0;
            filled_ = 0;
            at_ = 0;
            return was;
        }
        if (!*pins_.valid) {
            if (++filled_ < fill_cycles_) return true;
            *pins_.valid = 1;
        } else if (took) {
            toggles_ += changes_[at_];
            at_ = at_ + 1 == depth_ ? 0 : at_ + 1;
        } else {
            return false;
        }
        std::memcpy(pins_.data, &beats_[at_ * pins_.bytes], pins_.bytes);
        return true;
    }

    std::uint64_t toggles() const { return toggles_; }
    void clear() { toggles_ = 0; }

  private:
    PortPins pins_;
    const std::uint32_t fill_cycles_;
    const std::vector<unsigned char> beats_;
    const std::uint64_t depth_;
    std::vector<std::uint32_t> changes_;
    bool resetting_ = true;
    std::uint32_t filled_ = 0;
    std::uint64_t at_ = 0, toggles_ = 0;
};

}  // namespace farm
