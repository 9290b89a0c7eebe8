// Runs the nodes of a kernel cycle by cycle, on several threads: a cycle ends when all of its nodes have ended.
#pragma once
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
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
            if (spins < SPINS) __builtin_ia32_pause();
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
    static const std::uint64_t LOOK_EVERY = 64;

    // With `adapts` the number of threads is what goes fastest at the moment, up to `threads`: two that wait for each
    // other in every cycle are slower than one where other programs take their processors.
    Team(std::vector<Node*> nodes, unsigned threads, bool adapts)
        : nodes_(std::move(nodes)), threads_(std::max(1u, std::min<unsigned>(threads, nodes_.size()))), adapts_(adapts),
          seen_(threads_) {}

    // Cycles from `now` on, until `over(idle)` is true: `idle` counts the last cycles in which nothing moved. It is
    // asked every LOOK_EVERY cycles, while no node changes. Returns the cycle that has not begun; throws what a node
    // has thrown.
    std::uint64_t run(std::uint64_t now, std::function<bool(std::uint64_t)> over) {
        over_ = std::move(over);
        stop_[0] = stop_[1] = false;
        error_.clear();
        for (Seen& each : seen_) each.moved_in = now;
        over_now_ = false;
        while (!stop_[0] && !stop_[1] && !over_now_) now = epoch(now);
        if (!error_.empty()) throw std::runtime_error(error_);
        return now;
    }

  private:
    // The last cycle in which a thread has seen something move.
    struct alignas(64) Seen {
        std::uint64_t moved_in = 0;
    };
    static const std::uint64_t SHORT = 512, LONG = 8192, MEASURE_EVERY = 16, TRY_EVERY = 8;

    const std::vector<Node*> nodes_;
    const unsigned threads_;
    const bool adapts_;
    std::vector<std::vector<Node*>> shares_;
    std::vector<Seen> seen_;
    std::function<bool(std::uint64_t)> over_;
    std::atomic<bool> stop_[2], over_now_;
    std::mutex mutex_;
    std::string error_;
    std::uint64_t epochs_ = 0;
    double alone_s_ = 0, together_s_ = 0;  // a cycle takes, lately

    // Some cycles with the same threads. Whether one or all are faster is tried at first, and again from time to time.
    std::uint64_t epoch(const std::uint64_t now) {
        const bool tries = adapts_ && threads_ > 1 && epochs_ % TRY_EVERY < 2;
        const bool together = threads_ > 1 && (!adapts_ || (tries ? epochs_ % TRY_EVERY == 1 : together_s_ < alone_s_));
        epochs_++;
        const unsigned threads = together ? threads_ : 1;
        share_out(threads);
        const std::uint64_t end = now + (tries ? SHORT : LONG);
        const auto begin = std::chrono::steady_clock::now();
        Barrier barrier(threads);
        std::uint64_t reached = end;
        std::vector<std::thread> others;
        for (unsigned i = 1; i < threads; i++) others.emplace_back([&, i] { work(i, now, end, barrier); });
        reached = work(0, now, end, barrier);
        for (std::thread& other : others) other.join();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        (together ? together_s_ : alone_s_) = took.count() / static_cast<double>(reached - now);
        return reached;
    }

    std::uint64_t work(unsigned me, std::uint64_t now, std::uint64_t end, Barrier& barrier) {
        for (; now < end; now++) {
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
            barrier.wait();
            if (stop_[now & 1]) return now + 1;
            if (now % LOOK_EVERY) continue;
            // A flag of its own: a thread that has not left the first barrier yet still looks at the other.
            if (me == 0 && over_(now - moved_in())) over_now_ = true;
            barrier.wait();
            if (over_now_) return now + 1;
        }
        return now;
    }

    std::uint64_t moved_in() const {
        std::uint64_t last = 0;
        for (const Seen& each : seen_) last = std::max(last, each.moved_in);
        return last;
    }

    bool measured(Node& node, std::uint64_t now) {
        const std::uint64_t begin = __builtin_ia32_rdtsc();
        const bool moved = node.cycle(now);
        const double ticks = static_cast<double>(__builtin_ia32_rdtsc() - begin);
        // A thread that lost the processor meanwhile says nothing about the node.
        node.cost += (std::min(ticks, 8 * node.cost) - node.cost) / 16;
        return moved;
    }

    // The dearest first, each to the thread that has the least.
    void share_out(unsigned threads) {
        std::vector<Node*> order = nodes_;
        std::stable_sort(order.begin(), order.end(), [](Node* a, Node* b) { return a->cost > b->cost; });
        std::vector<double> loads(threads);
        shares_.assign(threads, {});
        for (Node* node : order) {
            const std::size_t least = std::min_element(loads.begin(), loads.end()) - loads.begin();
            shares_[least].push_back(node);
            loads[least] += node->cost;
        }
    }
};

}  // namespace farm
