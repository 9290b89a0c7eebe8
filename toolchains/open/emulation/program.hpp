// The emulation's program: a server that runs the pipeline of compiled cores (`protocol.hpp` says what it understands).
#pragma once
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "protocol.hpp"

namespace farm_program {

struct core {
    void* (*create)(const uint8_t* memories, uint64_t bytes, char* error, uint64_t error_bytes);
    int (*run)(const void* self, const void* const* inputs, void* const* outputs, char* error, uint64_t error_bytes);
};

struct dma {
    int (*read)(const uint8_t* image, const uint8_t* weights, void* const* outputs, char* error, uint64_t error_bytes);
    int (*write)(const void* indices, uint8_t* memory, char* error, uint64_t error_bytes);
};

struct block {
    const char* name;
    core functions;
    uint64_t output_bytes;
    bool reads_weights;
};

struct pipeline {
    dma mover;
    uint64_t image_bytes, weights_bytes, result_bytes;            // in card memory
    uint64_t image_element_bytes, weights_element_bytes;          // unpacked
    std::vector<block> blocks;
    std::vector<void*> instances;
};

// The body holds the memory images of each block, in order.
inline std::string load(pipeline& design, const bytes& body) {
    Parts parts(body);
    design.instances.clear();
    for (const block& each : design.blocks) {
        const uint8_t* images = nullptr;
        uint64_t count = 0;
        const std::string missing = parts.next(std::string("block ") + each.name, images, count);
        if (!missing.empty()) return missing;
        char error[256] = "";
        void* instance = each.functions.create(images, count, error, sizeof error);
        if (!instance) return std::string(each.name) + ": " + error;
        design.instances.push_back(instance);
    }
    return parts.all_read() ? "" : "bytes are left after the last block's memory images";
}

inline std::string run_image(const pipeline& design, const uint8_t* image, const uint8_t* weights, uint8_t* result) {
    char error[256] = "";
    std::vector<uint8_t> current(design.image_element_bytes), streamed(design.weights_element_bytes), next;
    void* const moved[2] = {current.data(), streamed.data()};
    if (design.mover.read(image, weights, moved, error, sizeof error)) return std::string("inoutdma: ") + error;
    for (size_t i = 0; i < design.blocks.size(); i++) {
        const block& each = design.blocks[i];
        next.resize(each.output_bytes);
        const void* const inputs[2] = {current.data(), streamed.data()};
        void* const outputs[1] = {next.data()};
        if (each.functions.run(design.instances[i], inputs, outputs, error, sizeof error))
            return std::string(each.name) + ": " + error;
        current.swap(next);
    }
    if (design.mover.write(current.data(), result, error, sizeof error)) return std::string("inoutdma: ") + error;
    return "";
}

// Images are independent, so each worker takes the next one until all are done.
inline std::string run_batch(const pipeline& design, uint32_t images, const uint8_t* data, uint8_t* results) {
    const uint8_t* weights = data + uint64_t(images) * design.image_bytes;
    const unsigned cores = std::thread::hardware_concurrency();
    const uint32_t workers = images < cores ? images : (cores ? cores : 1);
    std::atomic<uint32_t> taken(0);
    std::vector<std::string> errors(workers);
    auto work = [&](uint32_t worker) {
        for (uint32_t image = taken++; image < images; image = taken++) {
            const std::string error = run_image(design, data + uint64_t(image) * design.image_bytes, weights,
                                                results + uint64_t(image) * design.result_bytes);
            if (!error.empty()) errors[worker] = "image " + std::to_string(image) + ": " + error;
        }
    };
    std::vector<std::thread> threads;
    for (uint32_t worker = 1; worker < workers; worker++) threads.emplace_back(work, worker);
    work(0);
    for (std::thread& thread : threads) thread.join();
    for (const std::string& error : errors)
        if (!error.empty()) return error;
    return "";
}

class Server {
  public:
    explicit Server(pipeline& design) : design_(design) {}

    std::string load(const bytes& body) { return farm_program::load(design_, body); }
    bool loaded() const { return design_.instances.size() == design_.blocks.size(); }
    uint64_t call_bytes(uint32_t images) const { return images * design_.image_bytes + design_.weights_bytes; }
    std::string run(uint32_t images, const bytes& body, bytes& results) const {
        results.resize(uint64_t(images) * design_.result_bytes);
        return run_batch(design_, images, body.data(), results.data());
    }
    std::string set_memory(uint32_t) const { return "compiled C++ has no cycles; build with target=hw_emu"; }
    std::string statistics(std::string&) const { return "compiled C++ has no cycles; build with target=hw_emu"; }

  private:
    pipeline& design_;
};

inline int serve(pipeline& design) {
    Server server(design);
    return serve(server);
}

}  // namespace farm_program
