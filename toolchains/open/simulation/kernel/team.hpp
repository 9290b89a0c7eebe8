// Runs the nodes of a kernel cycle by cycle, on several threads: a cycle ends when all of its nodes have ended.
#pragma once
#include <sched.h>
#include <x86intrin.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "node.hpp"

namespace farm {

// Spins for a moment, then gives the processor away: on a shared host the other thread may wait for this very one.
class Barrier {
  public:
    explicit Barrier(unsigned threads) : threads_(threads) {}

    void wait() {
        if (threads_ == 1) return;
        const unsigned phase = phase_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
            arrived_.store(0, std::memory_order_relaxed);
            phase_.store(phase + 1, std::memory_order_release);
            return;
        }
        for (unsigned spins = 0; phase_.load(std::memory_order_acquire) == phase; spins++) {
            if (spins < SPINS) _mm_pause();
            else sched_yield();
        }
    }

  private:
    static const unsigned SPINS = 2000;
    const unsigned threads_;
    alignas(64) std::atomic<unsigned> arrived_{0};
    alignas(64) std::atomic<unsigned> phase_{0};
};

class Team {
  public:
    Team(std::vector<Node*> nodes, unsigned threads)
        : nodes_(std::move(nodes)), threads_(std::max(1u, std::min<unsigned>(threads, nodes_.size()))), barrier_(threads_),
          shares_(threads_), seen_(threads_) {
        share_out();
    }

    // Cycles from `now` on, until `over(idle)` is true: `idle` counts the last cycles in which nothing moved. It is
    // asked every LOOK_EVERY cycles, while no node changes. Returns the cycle that has not begun; throws what a node
    // has thrown.
    std::uint64_t run(std::uint64_t now, std::function<bool(std::uint64_t)> over) {
        over_ = std::move(over);
        stop_[0] = stop_[1] = false;
        error_.clear();
        for (Seen& each : seen_) each.moved_in = now;
        std::vector<std::thread> others;
        for (unsigned i = 1; i < threads_; i++) others.emplace_back([this, i, now] { work(i, now); });
        work(0, now);
        for (std::thread& other : others) other.join();
        if (!error_.empty()) throw std::runtime_error(error_);
        return next_;
    }

  private:
    // The last cycle in which a thread has seen something move.
    struct alignas(64) Seen {
        std::uint64_t moved_in = 0;
    };
    static const std::uint64_t LOOK_EVERY = 64, SHARE_EVERY = 4096, MEASURE_EVERY = 16;

    const std::vector<Node*> nodes_;
    const unsigned threads_;
    Barrier barrier_;
    std::vector<std::vector<Node*>> shares_;
    std::vector<Seen> seen_;
    std::function<bool(std::uint64_t)> over_;
    std::atomic<bool> stop_[2];
    std::mutex mutex_;
    std::string error_;
    std::uint64_t next_ = 0;

    void work(unsigned me, std::uint64_t now) {
        for (;; now++) {
            bool moved = false;
            try {
                for (Node* node : shares_[me]) moved |= now % MEASURE_EVERY ? node->cycle(now) : measured(*node, now);
            } catch (const std::exception& error) {
                std::lock_guard<std::mutex> lock(mutex_);
                if (error_.empty()) error_ = error.what();
                // Even and odd cycles apart: a thread that is still behind the barrier looks at its own.
                stop_[now & 1] = true;
            }
            if (moved) seen_[me].moved_in = now;
            barrier_.wait();
            if (stop_[now & 1]) break;
            if (now % LOOK_EVERY) continue;
            if (me == 0) look(now);
            barrier_.wait();
            if (stop_[now & 1]) break;
        }
        if (me == 0) next_ = now + 1;
    }

    void look(std::uint64_t now) {
        std::uint64_t moved_in = 0;
        for (const Seen& each : seen_) moved_in = std::max(moved_in, each.moved_in);
        if (over_(now - moved_in)) stop_[now & 1] = true;
        else if (now % SHARE_EVERY == 0) share_out();
    }

    bool measured(Node& node, std::uint64_t now) {
        const std::uint64_t begin = __rdtsc();
        const bool moved = node.cycle(now);
        const double ticks = static_cast<double>(__rdtsc() - begin);
        // A thread that lost the processor meanwhile says nothing about the node.
        node.cost += (std::min(ticks, 8 * node.cost) - node.cost) / 16;
        return moved;
    }

    // The dearest first, each to the thread that has the least.
    void share_out() {
        std::vector<Node*> order = nodes_;
        std::stable_sort(order.begin(), order.end(), [](Node* a, Node* b) { return a->cost > b->cost; });
        std::vector<double> loads(threads_);
        for (std::vector<Node*>& share : shares_) share.clear();
        for (Node* node : order) {
            const std::size_t least = std::min_element(loads.begin(), loads.end()) - loads.begin();
            shares_[least].push_back(node);
            loads[least] += node->cost;
        }
    }
};

}  // namespace farm
