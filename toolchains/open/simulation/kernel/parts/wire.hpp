// A stream between two parts of the kernel. Both of its ends are registers, so the parts of a cycle need no order: in
// cycle c everyone reads what was written in cycle c - 1, and writes what stands behind the edge for cycle c + 1.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace farm {

// What one side says, for even and for odd cycles. Sides are written by different threads: each has its cache line.
struct alignas(64) Side {
    unsigned char flag[2] = {0, 0};
};

// The cycles of a call that count, as one part says it to all of them, a cycle ahead.
class Counting {
  public:
    bool open(std::uint64_t cycle) const { return open_.flag[cycle & 1] != 0; }
    void set(std::uint64_t cycle, bool open) { open_.flag[cycle & 1] = open; }

  private:
    Side open_;
};

class Wire {
  public:
    Wire(std::string name, std::uint32_t bytes) : name(std::move(name)), bytes(bytes), data_{Data(bytes), Data(bytes)} {}

    const std::string name;
    const std::uint32_t bytes;

    bool valid(std::uint64_t cycle) const { return valid_.flag[cycle & 1] != 0; }
    bool ready(std::uint64_t cycle) const { return ready_.flag[cycle & 1] != 0; }
    bool moves(std::uint64_t cycle) const { return valid(cycle) && ready(cycle); }
    const unsigned char* data(std::uint64_t cycle) const { return data_[cycle & 1].data(); }

    // What the source offers, and whether the sink takes, in a cycle that has not begun.
    void offer(std::uint64_t cycle, bool valid, const void* data) {
        valid_.flag[cycle & 1] = valid;
        if (valid) std::memcpy(data_[cycle & 1].data(), data, bytes);
    }
    void accept(std::uint64_t cycle, bool ready) { ready_.flag[cycle & 1] = ready; }

  private:
    typedef std::vector<unsigned char> Data;
    Side valid_, ready_;
    Data data_[2];
};

}  // namespace farm
