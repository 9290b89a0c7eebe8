// The statistics of a call, as JSON.
#pragma once
#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "kernel.hpp"

namespace farm {

class Json {
  public:
    explicit Json(std::ostringstream& out) : out_(out) {}

    Json& open(char bracket) { return put(std::string(1, bracket)), fresh_ = true, *this; }
    Json& close(char bracket) { return out_ << bracket, fresh_ = false, *this; }
    Json& key(const std::string& name) { return text(name), out_ << ':', fresh_ = true, *this; }
    Json& text(const std::string& value) {
        std::string quoted = "\"";
        for (const char c : value) {
            if (c == '"' || c == '\\') quoted += '\\';
            quoted += c;
        }
        return put(quoted + '"');
    }
    template <class Number>
    Json& number(Number value) {
        std::ostringstream digits;
        digits << value;
        return put(digits.str());
    }
    Json& numbers(const std::vector<std::uint64_t>& values) {
        open('[');
        for (const std::uint64_t value : values) number(value);
        return close(']');
    }

  private:
    std::ostringstream& out_;
    bool fresh_ = true;

    Json& put(const std::string& what) {
        if (!fresh_) out_ << ',';
        out_ << what;
        fresh_ = false;
        return *this;
    }
};

inline std::uint64_t longest_distance(const std::vector<std::uint64_t>& ends) {
    std::uint64_t longest = 0;
    for (std::size_t i = 1; i < ends.size(); i++) longest = std::max(longest, ends[i] - ends[i - 1]);
    return longest;
}

inline void blocks_json(Json& json, const Kernel& kernel) {
    const auto entry = [&](const std::string& name, const BlockCounts& counts, std::uint64_t toggles) {
        json.open('{').key("name").text(name).key("busy").number(counts.busy).key("starved").number(counts.starved);
        json.key("blocked").number(counts.blocked).key("toggles").number(toggles).close('}');
    };
    json.key("blocks").open('[');
    entry(kernel.dma().name, kernel.dma().counts, kernel.dma().counts.toggles);
    for (const auto& block : kernel.blocks()) entry(block->name, block->counts, block->toggles());
    json.close(']');
}

inline void fifos_json(Json& json, const Kernel& kernel) {
    json.key("fifos").open('[');
    for (std::size_t i = 0; i < kernel.blocks().size(); i++) {
        const BlockPlan& block = kernel.plan().blocks[i];
        for (std::size_t fifo = 0; fifo < block.core->fifos.size(); fifo++) {
            const FifoPlan& plan = block.core->fifos[fifo];
            json.open('{').key("name").text(std::string(block.name) + "." + plan.name);
            json.key("depth").number(plan.depth).key("mark").number(kernel.blocks()[i]->marks()[fifo]).close('}');
        }
    }
    json.close(']');
}

inline void links_json(Json& json, const Kernel& kernel) {
    json.key("links").open('[');
    for (std::size_t i = 0; i < kernel.links().size(); i++) {
        const auto& chain = kernel.links()[i];
        const std::string name = kernel.plan().links[i].name;
        const std::size_t arrow = name.find(" -> ");
        const LinkCounts &first = chain.front()->link_counts, &last = chain.back()->link_counts;
        json.open('{').key("source").text(name.substr(0, arrow)).key("sink").text(name.substr(arrow + 4));
        json.key("depth").number(kernel.plan().links[i].depth).key("mark").number(chain.front()->marks()[0]);
        json.key("beats").number(first.beats).key("stalled").number(first.stalled);
        json.key("starved").number(last.starved).key("slices").number(chain.size() - 1).close('}');
    }
    json.close(']');
}

inline void banks_json(Json& json, const Kernel& kernel) {
    json.key("banks").open('[');
    for (const BankedMemory::Count& bank : kernel.dma().memory.counts()) {
        json.open('{').key("tag").text(bank.tag).key("read_bytes").number(bank.read_bytes);
        json.key("written_bytes").number(bank.written_bytes).key("busy_cycles").number(bank.busy_cycles).close('}');
    }
    json.close(']');
}

inline std::string report(const Kernel& kernel) {
    const ImageTimes& times = kernel.dma().times;
    std::vector<std::uint64_t> latencies;
    for (std::size_t i = 0; i < times.end.size(); i++) latencies.push_back(times.end[i] - times.start[i]);
    std::ostringstream out;
    Json json(out);
    json.open('{').key("format").number(1).key("clock_mhz").number(kernel.settings().clock_mhz);
    json.key("cycles").number(kernel.dma().cycles).key("images").number(times.end.size());
    json.key("start").numbers(times.start).key("end").numbers(times.end);
    if (times.end.size() > 1) json.key("interval_cycles").number(longest_distance(times.end));
    json.key("latency_cycles").numbers(latencies);
    blocks_json(json, kernel);
    fifos_json(json, kernel);
    links_json(json, kernel);
    banks_json(json, kernel);
    json.close('}');
    return out.str();
}

}  // namespace farm
