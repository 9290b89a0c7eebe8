// The program of the emulation: a server on standard input and output that runs the pipeline of compiled cores.
//
// Frames both ways, little-endian: 4 bytes operation, u32 argument, u64 length, then that many bytes.
// LOAD: the memory images (as the link step wrote them) -> OKAY or FAIL with a text.
// RUN : argument = images; the images' bytes, then the bytes of the streamed weights -> OKAY with the results.
// STOP: end.
#pragma once
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

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

inline bool read_all(void* to, uint64_t bytes) {
    char* next = static_cast<char*>(to);
    while (bytes) {
        const ssize_t got = ::read(0, next, bytes > (1u << 20) ? (1u << 20) : bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        next += got;
        bytes -= got;
    }
    return true;
}

inline void write_all(const void* from, uint64_t bytes) {
    const char* next = static_cast<const char*>(from);
    while (bytes) {
        const ssize_t put = ::write(1, next, bytes);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) std::_Exit(3);
        next += put;
        bytes -= put;
    }
}

inline void answer(const char* operation, const void* body, uint64_t bytes) {
    char head[16];
    const uint32_t argument = 0;
    std::memcpy(head, operation, 4);
    std::memcpy(head + 4, &argument, 4);
    std::memcpy(head + 8, &bytes, 8);
    write_all(head, 16);
    write_all(body, bytes);
}

inline void refuse(const std::string& why) { answer("FAIL", why.data(), why.size()); }

// The blob holds, for each block in order: u64 length, then its memory images.
inline std::string load(pipeline& design, const std::vector<uint8_t>& blob) {
    uint64_t at = 0;
    design.instances.clear();
    for (const block& each : design.blocks) {
        uint64_t bytes = 0;
        if (blob.size() - at < 8) return std::string("the memory images end before block ") + each.name;
        std::memcpy(&bytes, blob.data() + at, 8);
        at += 8;
        if (blob.size() - at < bytes) return std::string("the memory images end inside block ") + each.name;
        char error[256] = "";
        void* instance = each.functions.create(blob.data() + at, bytes, error, sizeof error);
        if (!instance) return std::string(each.name) + ": " + error;
        design.instances.push_back(instance);
        at += bytes;
    }
    return at == blob.size() ? "" : "the memory images continue after the last block";
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

inline int serve(pipeline& design) {
    char head[16];
    std::vector<uint8_t> body;
    while (read_all(head, 16)) {
        uint32_t argument;
        uint64_t length;
        std::memcpy(&argument, head + 4, 4);
        std::memcpy(&length, head + 8, 8);
        try {
            body.resize(length);
        } catch (const std::exception&) {
            refuse("out of memory for a request of " + std::to_string(length) + " bytes");
            return 2;
        }
        if (!read_all(body.data(), length)) return 2;
        if (!std::memcmp(head, "LOAD", 4)) {
            const std::string error = load(design, body);
            if (error.empty()) answer("OKAY", nullptr, 0);
            else refuse(error);
        } else if (!std::memcmp(head, "RUN ", 4)) {
            const uint64_t wanted = argument * design.image_bytes + design.weights_bytes;
            if (design.instances.size() != design.blocks.size()) {
                refuse("no memory images are loaded");
            } else if (length != wanted) {
                refuse(std::to_string(length) + " bytes for " + std::to_string(argument) + " images, " +
                       std::to_string(wanted) + " are needed");
            } else {
                std::vector<uint8_t> results(uint64_t(argument) * design.result_bytes);
                const std::string error = run_batch(design, argument, body.data(), results.data());
                if (error.empty()) answer("OKAY", results.data(), results.size());
                else refuse(error);
            }
        } else if (!std::memcmp(head, "STOP", 4)) {
            return 0;
        } else {
            refuse("unknown operation");
        }
    }
    return 0;
}

}  // namespace farm_program
