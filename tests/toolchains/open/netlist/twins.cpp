// Runs the RTL and the netlist of a kernel side by side on the same card, and ends at the first beat that differs.
//
// Arguments: memory file (written back), images, base address, addresses of images, results and weights, stall percent,
// most cycles. Both kernels get equal stimuli as long as they answer equally, so equal means cycle for cycle.
#include "twins.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace {

struct Side {
    std::unique_ptr<Kernel> kernel;
    farm::CardMemory memory;
    farm::ReadMemory images, weights;
    farm::WriteMemory results;

    Side(std::unique_ptr<Kernel> made, const farm::CardMemory& card, const farm::MemoryTiming& timing)
        : kernel(std::move(made)), memory(card), images(kernel->images, memory, timing, 11),
          weights(kernel->weights, memory, timing, 12), results(kernel->results, memory, timing, 13) {}
};

unsigned long long number(const char* text) { return std::strtoull(text, nullptr, 0); }

// What the kernel says in this cycle: handshakes, and what comes with those that are valid.
std::string said(const Kernel& k) {
    std::string text;
    const auto bytes = [&](const void* from, std::size_t count) {
        text.append(static_cast<const char*>(from), count);
    };
    for (const unsigned char* pin : {k.awready, k.wready, k.bvalid, k.interrupt}) bytes(pin, 1);
    for (const farm::ReadPins* read : {&k.images, &k.weights}) {
        bytes(read->ar.valid, 1), bytes(read->ready, 1);
        if (*read->ar.valid) bytes(read->ar.address, 8), bytes(read->ar.length, 1);
    }
    bytes(k.results.aw.valid, 1), bytes(k.results.valid, 1), bytes(k.results.answer_ready, 1);
    if (*k.results.aw.valid) bytes(k.results.aw.address, 8), bytes(k.results.aw.length, 1);
    if (*k.results.valid) bytes(k.results.data, k.results.bytes), bytes(k.results.strobe, 1), bytes(k.results.last, 1);
    return text;
}

}  // namespace

int main(int, char** argv) {
    farm::CardMemory card;
    std::ifstream given(argv[1], std::ios::binary);
    card.bytes.assign(std::istreambuf_iterator<char>(given), std::istreambuf_iterator<char>());
    card.base = number(argv[3]);
    farm::MemoryTiming timing;
    timing.latency_low = 20, timing.latency_high = 60;
    timing.stall_percent = static_cast<unsigned>(number(argv[7]));
    Side sides[] = {{make_rtl(1), card, timing}, {make_netlist(2), card, timing}};
    // Register writes: both halves of each address, the number of images, interrupts on, and the start.
    std::vector<std::pair<unsigned, std::uint32_t>> writes;
    for (unsigned i = 0; i < 3; i++) {
        const std::uint64_t address = number(argv[4 + i]);
        writes.push_back({0x10 + 12 * i, static_cast<std::uint32_t>(address)});
        writes.push_back({0x14 + 12 * i, static_cast<std::uint32_t>(address >> 32)});
    }
    writes.push_back({0x34, static_cast<std::uint32_t>(number(argv[2]))});
    writes.push_back({0x04, 1}), writes.push_back({0x08, 1}), writes.push_back({0x00, 1});
    std::size_t next = 0;
    // One write at a time: its address until that is taken, its data until those are.
    bool address = false, data = false;
    const unsigned long long most = number(argv[8]);
    for (unsigned long long cycle = 0; cycle < most; cycle++) {
        std::string words[2];
        bool address_taken = false, data_taken = false;
        for (int side = 0; side < 2; side++) {
            Kernel& k = *sides[side].kernel;
            *k.clock = 0, *k.reset_n = cycle >= 40, *k.arvalid = 0, *k.bready = 1;
            *k.awvalid = address, *k.wvalid = data;
            if (data) *k.awaddr = static_cast<unsigned char>(writes[next].first), *k.wdata = writes[next].second;
            *k.wstrb = 15;
            k.eval();
            words[side] = said(k);
            if (cycle >= 60) {
                sides[side].images.sample(), sides[side].weights.sample(), sides[side].results.sample();
                address_taken = address && *k.awready, data_taken = data && *k.wready;
            }
        }
        // Before the reset has reached every block the registers are random.
        if (cycle >= 60 && words[0] != words[1]) return std::printf("cycle %llu: the netlist differs\n", cycle), 1;
        const bool done = *sides[0].kernel->interrupt && cycle >= 60;
        for (Side& side : sides) {
            *side.kernel->clock = 1;
            side.kernel->eval();
            if (cycle >= 60) side.images.drive(), side.weights.drive(), side.results.drive();
        }
        address = address && !address_taken;
        if (data_taken) data = false, next++;
        if (cycle >= 60 && !address && !data && !data_taken && next < writes.size()) address = data = true;
        if (done) {
            if (sides[0].memory.bytes != sides[1].memory.bytes) return std::puts("the memories differ"), 1;
            std::ofstream(argv[1], std::ios::binary)
                .write(reinterpret_cast<const char*>(sides[1].memory.bytes.data()),
                       static_cast<std::streamsize>(sides[1].memory.bytes.size()));
            return std::printf("%llu cycles\n", cycle), 0;
        }
    }
    return std::printf("no end after %llu cycles\n", most), 1;
}
