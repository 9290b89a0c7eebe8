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

// The first few: behind the one that holds up everything, all is full as far as the source.
inline std::string listed(const Names& names) {
    const std::size_t MOST = 6;
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < MOST; i++) text += (i ? ", " : "") + names[i];
    if (names.size() > MOST) text += " and " + std::to_string(names.size() - MOST) + " more before them";
    return text.empty() ? "none" : text;
}

// Of a block: streams in which a beat stands, those before a FIFO at its depth first; and streams that an operator waits
// for at whose other input a beat stands.
inline void look_into(const BlockPlan& block, const StreamNode& node, Names& full, Names& empty) {
    const CorePlan& core = *block.core;
    const auto name = [&](std::uint32_t stream) { return std::string(block.name) + "." + core.streams[stream]; };
    const auto stands = [&](std::uint32_t stream) { return node.stream_valid(stream) && !node.stream_ready(stream); };
    std::vector<bool> told(core.streams.size());
    for (std::size_t i = 0; i < core.fifos.size(); i++) {
        const FifoPlan& fifo = core.fifos[i];
        if (node.level(i) < fifo.depth || !stands(fifo.stream)) continue;
        const std::string depth = std::to_string(fifo.depth);
        full.push_back(name(fifo.stream) + " (FIFO " + fifo.name + ": " + depth + " of " + depth + ")");
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

// What is furthest downstream comes first.
inline std::string standstill(const KernelPlan& plan, const Chain& blocks, const std::vector<Chain>& links,
                              std::uint64_t begun, std::uint64_t ended) {
    Names full, empty;
    const auto link_of = [&](int block) {
        for (std::size_t i = 0; i < links.size(); i++) {
            const std::string depth = std::to_string(plan.links[i].depth);
            if (plan.links[i].source.block == block && links[i].front()->level(0) >= plan.links[i].depth)
                full.push_back(std::string(plan.links[i].name) + " (FIFO: " + depth + " of " + depth + ")");
        }
    };
    for (std::size_t i = blocks.size(); i-- > 0;) {
        link_of(static_cast<int>(i));
        look_into(plan.blocks[i], *blocks[i], full, empty);
    }
    link_of(DMA);
    return "the kernel stands still at image " + std::to_string(ended) + " (" + std::to_string(begun) +
           " have been begun): no beat in " + std::to_string(plan.gap) + " cycles; full: " + listed(full) +
           "; waited for: " + listed(empty);
}

}  // namespace farm
