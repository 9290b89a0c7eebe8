// The kernel: blocks, links and DMA joined, and calls as a host makes them.
#pragma once
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "dma_node.hpp"
#include "node.hpp"
#include "plan.hpp"
#include "standstill.hpp"
#include "team.hpp"
#include "window.hpp"

namespace farm {

// What the xclbin says beside the memory images: a line each, of words.
struct Settings {
    double clock_mhz = 0;
    std::map<std::string, std::string> banks;       // argument -> tag
    std::map<std::string, std::uint64_t> bases;     // tag -> first address
    std::map<std::string, unsigned> reset_hops;     // instance -> registers of the reset before its SLR's
    std::map<std::size_t, std::vector<unsigned>> crossings;  // link -> the same for each slice in it
    std::vector<std::string> memory;                // lines for the memory's model
    unsigned threads = 0;                           // 0: as many as there are processors
    bool sleep = true;                              // whether a block that can do nothing is skipped

    static Settings read(const std::string& text) {
        Settings settings;
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) settings.line(line);
        for (const char* argument : {"in_r", "out_r"}) {
            const auto found = settings.banks.find(argument);
            if (found == settings.banks.end() || !settings.bases.count(found->second))
                throw std::runtime_error(std::string("the settings name no bank for ") + argument);
        }
        if (!(settings.clock_mhz > 0)) throw std::runtime_error("the settings name no clock");
        return settings;
    }

  private:
    void line(const std::string& text) {
        std::istringstream words(text);
        std::string key, name;
        words >> key;
        if (key == "clock_mhz") words >> clock_mhz;
        else if (key == "argument") words >> name >> banks[name];
        else if (key == "crossings") {
            std::size_t link;
            if (!(words >> link)) throw std::runtime_error("the settings have a line with too few values: " + text);
            for (unsigned hops; words >> hops;) crossings[link].push_back(hops);
            words.clear();
        } else if (key == "reset") words >> name >> reset_hops[name];
        else if (key == "threads") words >> threads;
        else if (key == "sleep") words >> sleep;
        else if (key == "bank" || key == "memory") {
            if (key == "bank") words >> name >> bases[name];
            memory.push_back(text);
        } else throw std::runtime_error("the settings have a line that is not known: " + text);
        if (!words) throw std::runtime_error("the settings have a line with too few values: " + text);
    }
};

class Kernel {
  public:
    // `images`: the memory images of each block. With the name of a file in `trace` a waveform is written into it.
    Kernel(const KernelPlan& plan, const Settings& settings, const std::vector<std::vector<unsigned char>>& images,
           const Trace& trace)
        : plan_(plan), settings_(settings) {
        for (std::size_t i = 0; i < plan.blocks.size(); i++) add_block(plan.blocks[i], images[i]);
        dma_.reset(new DmaNode(plan.dma, plan.make_dma(1, plan.dma), release(plan.dma)));
        for (const std::string& line : settings.memory) dma_->memory.configure(line);
        dma_->attach(settings.banks.at("in_r"), settings.banks.at("out_r"),
                     plan.weights_bytes ? settings.banks.at("weightsmem") : std::string());
        for (std::size_t i = 0; i < plan.links.size(); i++) add_link(i);
        dma_->join(ends_.at("image"), plan.weights_bytes ? ends_.at("weights") : nullptr, ends_.at("result"));
        for (const auto& block : blocks_) block->counted = &dma_->call_counting;
        for (const auto& chain : links_)
            for (const auto& link : chain) link->counted = &dma_->call_counting;
        const unsigned wanted = settings.threads ? settings.threads : std::thread::hardware_concurrency();
        team_.reset(new Team(nodes(), std::min(wanted, +MOST_THREADS), !settings.threads));
        if (!trace.file.empty()) window_.reset(new Window(trace, settings.clock_mhz, *dma_, nodes()));
        come_out_of_reset();
    }

    // One call. `data`: the images, then the weights; throws where the kernel does not end, with what holds it up.
    std::vector<unsigned char> call(std::uint32_t images, const unsigned char* data) {
        const DmaNode::Places places = fill(images, data);
        for (Node* node : nodes()) node->clear();
        dma_->call(places, {plan_.image_bytes, plan_.result_bytes}, images);
        stuck_.clear();
        if (window_) run_in_steps();
        else now_ = team_->run(now_, [this](std::uint64_t idle) { return over(idle); });
        if (!stuck_.empty()) throw std::runtime_error(stuck_);
        if (dma_->bus_errors()) throw std::runtime_error("the memory answered with an error");
        std::vector<unsigned char> results(images * plan_.result_bytes);
        dma_->memory.get(places.results, results.data(), results.size());
        return results;
    }

    // How much of the memories' bandwidth there is from the next call on, in percent.
    void set_memory_efficiency(std::uint32_t percent) {
        dma_->memory.configure("memory efficiency_percent " + std::to_string(percent));
    }
    // From now on keeps what enters each link.
    void record() {
        for (auto& chain : links_) {
            records_.emplace_back();
            chain.front()->record = &records_.back();
        }
    }
    // Of each link all beats, in whole bytes.
    const std::list<std::vector<unsigned char>>& records() const { return records_; }

    const KernelPlan& plan() const { return plan_; }
    const Settings& settings() const { return settings_; }
    const DmaNode& dma() const { return *dma_; }
    const std::vector<std::unique_ptr<StreamNode>>& blocks() const { return blocks_; }
    // Of each link: converter and FIFO first, then the slices of its crossings.
    const std::vector<std::vector<std::unique_ptr<StreamNode>>>& links() const { return links_; }

  private:
    static const std::uint64_t RESET_CYCLES = 16, SETTLE_CYCLES = 16, PAGE = 4096;

    static const unsigned MOST_THREADS = 8;

    const KernelPlan& plan_;
    const Settings settings_;
    std::list<Wire> wires_;
    std::vector<std::unique_ptr<StreamNode>> blocks_;
    std::vector<std::vector<std::unique_ptr<StreamNode>>> links_;
    std::unique_ptr<DmaNode> dma_;
    std::map<std::string, Wire*> ends_;  // of the DMA, by port
    std::unique_ptr<Team> team_;
    std::list<std::vector<unsigned char>> records_;
    std::uint64_t now_ = 0, seed_ = 1;
    std::string stuck_;
    // The last one: it has to close its file before the models are gone.
    std::unique_ptr<Window> window_;

    // As the team does, on one thread: every node is seen before the edge and behind it.
    void run_in_steps() {
        const std::vector<Node*> all = nodes();
        for (std::uint64_t moved_in = now_;; now_++) {
            for (Node* node : all) node->settle(now_);
            window_->low();
            bool moved = false;
            for (Node* node : all) moved |= node->advance(now_);
            window_->high();
            if (moved) moved_in = now_;
            if (now_ % Team::LOOK_EVERY == 0 && over(now_ - moved_in)) break;
        }
        now_++;
        if (stuck_.empty()) window_->close();
    }

    std::uint64_t release(const std::string& instance) const {
        const auto found = settings_.reset_hops.find(instance);
        return RESET_CYCLES + (found == settings_.reset_hops.end() ? 0 : found->second);
    }

    // A name for waveforms, whose readers take a dot or a blank for an end.
    static std::string scope_of(std::string name) {
        for (std::size_t arrow; (arrow = name.find(" -> ")) != std::string::npos;) name.replace(arrow, 4, "_to_");
        std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
        return name;
    }

    std::unique_ptr<StreamNode> node(const std::string& name, MakeModel make, std::uint64_t release) {
        std::unique_ptr<SimulatedCore> model(make(seed_++, scope_of(name).c_str()));
        return std::unique_ptr<StreamNode>(new StreamNode(name, std::move(model), release, settings_.sleep));
    }

    void add_block(const BlockPlan& block, const std::vector<unsigned char>& images) {
        blocks_.push_back(node(block.name, block.core->make, release(block.name)));
        std::uint64_t at = 0;
        for (const MemoryPlan& memory : block.core->memories) {
            const std::uint64_t bytes = memory.depth * memory.beat_bytes;
            if (images.size() - at < bytes)
                throw std::runtime_error(std::string(block.name) + ": the memory image of " + memory.port + " is too short");
            const unsigned char* from = images.data() + at;
            blocks_.back()->feed(memory.port, memory.fill_cycles, std::vector<unsigned char>(from, from + bytes));
            at += bytes;
        }
        if (at != images.size()) throw std::runtime_error(std::string(block.name) + ": bytes are left after its memory images");
    }

    Wire* end(const EndPlan& plan, const std::string& name) {
        wires_.emplace_back(name, plan.bytes);
        Wire* wire = &wires_.back();
        if (plan.block == DMA) ends_[plan.port] = wire;
        else blocks_[static_cast<std::size_t>(plan.block)]->join(plan.port, wire);
        return wire;
    }

    const char* owner(const EndPlan& plan) const {
        return plan.block == DMA ? plan_.dma : plan_.blocks[static_cast<std::size_t>(plan.block)].name;
    }

    void add_link(std::size_t index) {
        const LinkPlan& plan = plan_.links[index];
        const auto found = settings_.crossings.find(index);
        const std::vector<unsigned> slices = found == settings_.crossings.end() ? std::vector<unsigned>() : found->second;
        links_.emplace_back();
        std::vector<std::unique_ptr<StreamNode>>& chain = links_.back();
        Wire* wire = end(plan.source, plan.name);
        for (std::size_t i = 0; i <= slices.size(); i++) {
            const std::string name = plan.name + (i ? " slice " + std::to_string(i) : std::string());
            const std::uint64_t released = i ? RESET_CYCLES + slices[i - 1] : release(owner(plan.source));
            chain.push_back(node(name, i ? plan.make_slice : plan.make, released));
            chain.back()->join("from", wire);
            if (i == slices.size()) {
                wire = end(plan.sink, plan.name);
            } else {
                wires_.emplace_back(name, plan.sink.bytes);
                wire = &wires_.back();
            }
            chain.back()->join("to", wire);
        }
    }

    std::vector<Node*> nodes() const {
        std::vector<Node*> all = {dma_.get()};
        for (const auto& block : blocks_) all.push_back(block.get());
        for (const auto& chain : links_)
            for (const auto& link : chain) all.push_back(link.get());
        return all;
    }

    // Calls then count nothing that registers hold by chance at power-on.
    void come_out_of_reset() {
        std::uint64_t last = RESET_CYCLES;
        for (const auto& each : settings_.reset_hops) last = std::max(last, RESET_CYCLES + each.second);
        const std::vector<Node*> all = nodes();
        for (; now_ < last + SETTLE_CYCLES; now_++)
            for (Node* node : all) node->cycle(now_);
    }

    // Buffers of a call begin at pages, one behind the other in their banks.
    DmaNode::Places fill(std::uint32_t images, const unsigned char* data) {
        std::map<std::string, std::uint64_t> used;
        const auto place = [&](const char* argument, const unsigned char* from, std::uint64_t bytes) {
            const std::string& bank = settings_.banks.at(argument);
            const std::uint64_t at = settings_.bases.at(bank) + used[bank];
            used[bank] += (bytes + PAGE - 1) / PAGE * PAGE;
            dma_->memory.put(at, from, bytes);
            return at;
        };
        const std::uint64_t all = images * plan_.image_bytes;
        const std::vector<unsigned char> empty(images * plan_.result_bytes, 0xee);
        const std::uint64_t in = place("in_r", data, all);
        const std::uint64_t out = place("out_r", empty.data(), empty.size());
        return {in, out, plan_.weights_bytes ? place("weightsmem", data + all, plan_.weights_bytes) : 0};
    }

    bool over(std::uint64_t idle) {
        if (dma_->done()) return true;
        if (idle <= plan_.gap) return false;
        stuck_ = standstill(plan_, blocks_, links_, dma_->times.start.size(), dma_->times.end.size());
        return true;
    }
};

}  // namespace farm
