// Contents of a memory of gigabytes, of which a simulation uses little.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <unordered_map>

namespace farm {

// Bytes of a large address space, of which few are used: pages that come into being when they are written.
class SparseBytes {
  public:
    static constexpr std::uint64_t PAGE = 1 << 16;
    static constexpr unsigned char JUNK = 0xa5;

    void write(std::uint64_t address, const unsigned char* from, std::uint64_t count) {
        each_part(address, count, [&](std::uint64_t at, std::uint64_t done, std::uint64_t part) {
            std::memcpy(page(at / PAGE).data() + at % PAGE, from + done, part);
        });
    }

    void read(std::uint64_t address, unsigned char* to, std::uint64_t count) const {
        each_part(address, count, [&](std::uint64_t at, std::uint64_t done, std::uint64_t part) {
            const auto found = pages.find(at / PAGE);
            if (found == pages.end()) std::memset(to + done, JUNK, part);
            else std::memcpy(to + done, found->second->data() + at % PAGE, part);
        });
    }

    // The place of a byte; what lies in its page may be reached from there.
    unsigned char* at(std::uint64_t address) { return page(address / PAGE).data() + address % PAGE; }

  private:
    using Page = std::array<unsigned char, PAGE>;
    std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages;

    Page& page(std::uint64_t number) {
        std::unique_ptr<Page>& found = pages[number];
        if (!found) {
            found.reset(new Page);
            found->fill(JUNK);
        }
        return *found;
    }

    template <typename Part>
    static void each_part(std::uint64_t address, std::uint64_t count, Part part) {
        for (std::uint64_t done = 0; done < count;) {
            const std::uint64_t size = std::min(count - done, PAGE - (address + done) % PAGE);
            part(address + done, done, size);
            done += size;
        }
    }
};

}  // namespace farm
