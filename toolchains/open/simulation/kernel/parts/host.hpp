// The host's side of a call, on AXI4-Lite: writes arguments, starts, waits for the interrupt, and reads why it came.
#pragma once
#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>

#include "bench.hpp"

namespace farm {

class Host {
  public:
    // `pointers`: buffers that the kernel takes, the weights last; the number of images is behind them.
    Host(const ControlPins& pins, std::uint32_t pointers) : pins_(pins), pointers_(pointers) {
        for (unsigned char* pin : {pins.awvalid, pins.wvalid, pins.bready, pins.arvalid, pins.rready}) *pin = 0;
    }

    void call(std::uint64_t images_at, std::uint64_t results_at, std::uint64_t weights_at, std::uint32_t images) {
        const std::uint64_t pointers[] = {images_at, results_at, weights_at};
        for (std::uint32_t i = 0; i < pointers_; i++) {
            write(0x10 + 12 * i, static_cast<std::uint32_t>(pointers[i]));
            write(0x14 + 12 * i, static_cast<std::uint32_t>(pointers[i] >> 32));
        }
        write(0x10 + 12 * pointers_, images);
        write(INTERRUPTS, 1);
        write(ENABLED, DONE_EVENT);
        write(CONTROL, START);
        called_ = true;
        started_ = false;
        errors_ = 0;
    }

    bool done() const { return !called_ && asked_.empty(); }
    // From the first cycle in which the kernel has been told to start.
    bool started() const { return started_; }
    std::uint32_t bus_errors() const { return errors_; }

    // With the clock low and the model evaluated: what moves in this cycle.
    void sample(bool interrupt) {
        interrupt_ = interrupt;
        address_moved_ = *pins_.awvalid && *pins_.awready;
        data_moved_ = *pins_.wvalid && *pins_.wready;
        answered_ = *pins_.bvalid && *pins_.bready;
        read_moved_ = *pins_.arvalid && *pins_.arready;
        value_moved_ = *pins_.rvalid && *pins_.rready;
        if (answered_ && *pins_.bresp) throw std::runtime_error("s_axi_control refused a write");
        if (value_moved_) value_ = *pins_.rdata;
    }

    // After the edge.
    void drive() {
        if (address_moved_) *pins_.awvalid = 0;
        if (data_moved_) *pins_.wvalid = 0;
        if (read_moved_) *pins_.arvalid = 0;
        if (answered_) finish();
        if (value_moved_) {
            if (asked_.front().address == ERRORS) errors_ = value_;
            finish();
        }
        if (!under_way_ && asked_.empty() && called_ && interrupt_) {
            read(PENDING);
            write(PENDING, DONE_EVENT);
            read(CONTROL);
            read(ERRORS);
            write(ERRORS, 7);
            called_ = false;
        }
        if (!under_way_ && !asked_.empty()) begin();
    }

    // Whether it has something to do in the next cycles.
    bool busy() const { return under_way_ || !asked_.empty(); }

  private:
    enum : std::uint32_t { CONTROL = 0, INTERRUPTS = 4, ENABLED = 8, PENDING = 0xc, ERRORS = 0x3c, START = 1, DONE_EVENT = 1 };
    struct Access {
        bool writes;
        std::uint32_t address, value;
    };

    const ControlPins pins_;
    const std::uint32_t pointers_;
    std::deque<Access> asked_;
    bool under_way_ = false, called_ = false, started_ = false, interrupt_ = false;
    bool address_moved_ = false, data_moved_ = false, answered_ = false, read_moved_ = false, value_moved_ = false;
    std::uint32_t value_ = 0, errors_ = 0;

    void write(std::uint32_t address, std::uint32_t value) { asked_.push_back({true, address, value}); }
    void read(std::uint32_t address) { asked_.push_back({false, address, 0}); }

    void begin() {
        const Access& next = asked_.front();
        under_way_ = true;
        if (next.writes) {
            *pins_.awaddr = static_cast<unsigned char>(next.address);
            *pins_.wdata = next.value;
            *pins_.wstrb = 0xf;
            *pins_.awvalid = *pins_.wvalid = *pins_.bready = 1;
        } else {
            *pins_.araddr = static_cast<unsigned char>(next.address);
            *pins_.arvalid = *pins_.rready = 1;
        }
    }

    void finish() {
        started_ |= asked_.front().writes && asked_.front().address == CONTROL;
        asked_.pop_front();
        under_way_ = false;
        *pins_.bready = *pins_.rready = 0;
    }
};

}  // namespace farm
