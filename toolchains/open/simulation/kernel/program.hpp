// The program of target hw_emu: the joined simulation behind the protocol of all emulations.
#pragma once
#include <cstdint>
#include <fstream>
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
    // `record`: a folder for what enters each link, or empty. A file's name is the link's number.
    Server(const KernelPlan& plan, std::string record, Trace trace)
        : plan_(plan), record_(std::move(record)), trace_(std::move(trace)) {}

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
            // A call without images too, so that the statistics are those of this call.
            results = kernel_->call(images, body.data());
            report_ = report(*kernel_);
            write_records();
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

    const std::string record_;
    const Trace trace_;

    void power_on() {
        kernel_.reset(new Kernel(plan_, settings_, images_, trace_));
        if (!record_.empty()) kernel_->record();
    }

    void write_records() const {
        std::size_t number = 0;
        for (const std::vector<unsigned char>& beats : kernel_->records()) {
            std::ofstream file(record_ + "/" + std::to_string(number++), std::ios::binary);
            file.write(reinterpret_cast<const char*>(beats.data()), static_cast<std::streamsize>(beats.size()));
            if (!file) throw std::runtime_error("cannot write into " + record_);
        }
    }
};

// Files are named on the command line only, which whoever starts the program writes: an xclbin's settings name none.
inline int serve(const KernelPlan& plan, int count, char** words) {
    std::string record;
    Trace trace;
    for (int i = 1; i < count; i++) {
        const std::string word = words[i];
        if (word == "--record" && i + 1 < count) {
            record = words[++i];
        } else if (word == "--trace" && i + 3 < count) {
            trace = {words[i + 1], std::stoull(words[i + 2]), std::stoull(words[i + 3])};
            i += 3;
        }
    }
    Server server(plan, record, trace);
    return farm_program::serve(server);
}

}  // namespace farm
