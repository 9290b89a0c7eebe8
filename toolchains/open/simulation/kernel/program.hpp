// The program of target hw_emu: the joined simulation behind the protocol of all emulations.
#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernel.hpp"
#include "protocol.hpp"
#include "report.hpp"

namespace farm {

class Server {
  public:
    explicit Server(const KernelPlan& plan) : plan_(plan) {}

    // The memory images of each block in order, then the settings.
    std::string load(const std::vector<unsigned char>& body) {
        loaded_ = false;
        kernel_.reset();
        images_.clear();
        farm_program::Parts parts(body);
        const unsigned char* from = nullptr;
        std::uint64_t count = 0;
        for (const BlockPlan& block : plan_.blocks) {
            const std::string missing = parts.next(std::string("block ") + block.name, from, count);
            if (!missing.empty()) return missing;
            images_.emplace_back(from, from + count);
        }
        const std::string missing = parts.next("the settings of the simulation", from, count);
        if (!missing.empty()) return missing;
        if (!parts.all_read()) return "bytes are left after the settings of the simulation";
        try {
            settings_ = Settings::read(std::string(from, from + count));
            power_on();
        } catch (const std::exception& error) {
            return error.what();
        }
        loaded_ = true;
        return "";
    }

    bool loaded() const { return loaded_; }
    std::uint64_t call_bytes(std::uint32_t images) const { return images * plan_.image_bytes + plan_.weights_bytes; }

    std::string run(std::uint32_t images, const std::vector<unsigned char>& body, std::vector<unsigned char>& results) {
        report_.clear();
        try {
            if (!kernel_) power_on();
            if (images) results = kernel_->call(images, body.data());
            report_ = report(*kernel_);
        } catch (const std::exception& error) {
            // Whatever state it is in: the next call finds a kernel out of reset.
            kernel_.reset();
            return error.what();
        }
        return "";
    }

    std::string set_memory(std::uint32_t percent) {
        try {
            if (!kernel_) power_on();
            kernel_->set_memory_efficiency(percent);
        } catch (const std::exception& error) {
            return error.what();
        }
        // A kernel that has to come out of reset again begins with it.
        settings_.memory.push_back("memory efficiency_percent " + std::to_string(percent));
        return "";
    }

    std::string statistics(std::string& text) const {
        text = report_;
        return text.empty() ? "there was no call yet, or the last one failed" : "";
    }

  private:
    const KernelPlan& plan_;
    Settings settings_;
    std::vector<std::vector<unsigned char>> images_;
    std::unique_ptr<Kernel> kernel_;
    std::string report_;
    bool loaded_ = false;

    void power_on() { kernel_.reset(new Kernel(plan_, settings_, images_)); }
};

inline int serve(const KernelPlan& plan) {
    Server server(plan);
    return farm_program::serve(server);
}

}  // namespace farm
