// Why nothing moves any more, in words: which streams are full, which are waited for, and at which image.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "node.hpp"
#include "plan.hpp"

namespace farm {

typedef std::vector<std::string> Names;

inline std::string joined(const Names& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "none" : text;
}

// Of a block: streams in which a beat stands, those before a FIFO at its depth first; and streams that an operator waits
// for at whose other input a beat stands.
inline void look_into(const BlockPlan& block, const StreamNode& node, Names& deep, Names& full, Names& empty) {
    const CorePlan& core = *block.core;
    const auto name = [&](std::uint32_t stream) { return std::string(block.name) + "." + core.streams[stream]; };
    const auto stands = [&](std::uint32_t stream) { return node.stream_valid(stream) && !node.stream_ready(stream); };
    std::vector<bool> told(core.streams.size());
    for (std::size_t i = 0; i < core.fifos.size(); i++) {
        const FifoPlan& fifo = core.fifos[i];
        if (node.level(i) < fifo.depth || !stands(fifo.stream)) continue;
        const std::string depth = std::to_string(fifo.depth);
        deep.push_back(name(fifo.stream) + " (FIFO " + fifo.name + ": " + depth + " of " + depth + ")");
        told[fifo.stream] = true;
    }
    // Parameter memories always stand at a core that waits for data: they hold up nothing.
    for (const Join& join : core.joins) {
        bool waits = false;
        for (std::uint32_t stream : join) waits |= stands(stream);
        for (std::uint32_t stream : join) {
            if (stands(stream) && !told[stream]) full.push_back(name(stream)), told[stream] = true;
            if (waits && !node.stream_valid(stream)) empty.push_back(name(stream));
        }
    }
}

typedef std::vector<std::unique_ptr<StreamNode>> Chain;

inline std::string standstill(const KernelPlan& plan, const Chain& blocks, const std::vector<Chain>& links,
                              std::uint64_t begun, std::uint64_t ended) {
    Names deep, full, empty;
    for (std::size_t i = 0; i < blocks.size(); i++) look_into(plan.blocks[i], *blocks[i], deep, full, empty);
    for (std::size_t i = 0; i < links.size(); i++) {
        const std::string depth = std::to_string(plan.links[i].depth);
        if (links[i].front()->level(0) >= plan.links[i].depth)
            full.push_back(std::string(plan.links[i].name) + " (FIFO: " + depth + " of " + depth + ")");
    }
    deep.insert(deep.end(), full.begin(), full.end());
    return "the kernel stands still at image " + std::to_string(ended) + " of " + std::to_string(begun) +
           " that it has begun: no beat in " + std::to_string(plan.gap) + " cycles; full: " + joined(deep) +
           "; waited for: " + joined(empty);
}

}  // namespace farm
