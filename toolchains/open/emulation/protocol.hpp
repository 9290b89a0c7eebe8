// What an emulation's program and its caller say to each other, on standard input and output.
//
// Frames both ways, little-endian: 4 bytes operation, u32 argument, u64 length, then that many bytes.
// LOAD: part `memories` of the xclbin (as the link step wrote it) -> OKAY or FAIL with a text.
// RUN : argument = images; the images' bytes, then the bytes of the streamed weights -> OKAY with the results.
// STAT: what the last RUN was like, as JSON; a program without cycles has nothing to tell -> OKAY or FAIL.
// SETM: argument = percent of the memories' bandwidth that there is in the RUNs behind it -> OKAY or FAIL.
// STOP: end.
#pragma once
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

namespace farm_program {

typedef std::vector<uint8_t> bytes;

inline bool read_all(void* to, uint64_t count) {
    char* next = static_cast<char*>(to);
    while (count) {
        const ssize_t got = ::read(0, next, count > (1u << 20) ? (1u << 20) : count);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        next += got;
        count -= got;
    }
    return true;
}

inline void write_all(const void* from, uint64_t count) {
    const char* next = static_cast<const char*>(from);
    while (count) {
        const ssize_t put = ::write(1, next, count);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) std::_Exit(3);
        next += put;
        count -= put;
    }
}

inline void answer(const char* operation, const void* body, uint64_t count) {
    char head[16];
    const uint32_t argument = 0;
    std::memcpy(head, operation, 4);
    std::memcpy(head + 4, &argument, 4);
    std::memcpy(head + 8, &count, 8);
    write_all(head, 16);
    write_all(body, count);
}

inline void refuse(const std::string& why) { answer("FAIL", why.data(), why.size()); }

inline void answer_or_refuse(const std::string& error, const void* body = nullptr, uint64_t count = 0) {
    if (error.empty()) answer("OKAY", body, count);
    else refuse(error);
}

// The parts of LOAD's body: u64 length, then as many bytes, one part after the other.
class Parts {
  public:
    explicit Parts(const bytes& body) : body_(body) {}

    // The next part, `what` to call it in the error, which is empty where there is one.
    std::string next(const std::string& what, const uint8_t*& data, uint64_t& count) {
        if (body_.size() - at_ < 8) return "the memory images end before " + what;
        std::memcpy(&count, body_.data() + at_, 8);
        if (body_.size() - at_ - 8 < count) return "the memory images end inside " + what;
        data = body_.data() + at_ + 8;
        at_ += 8 + count;
        return "";
    }
    bool all_read() const { return at_ == body_.size(); }

  private:
    const bytes& body_;
    uint64_t at_ = 0;
};

// A design has: load(body), run(images, body, results), statistics(text), set_memory(percent), each an error's text or "";
// call_bytes(images), the length of RUN's body; and loaded().
template <class Design>
int serve(Design& design) {
    char head[16];
    bytes body;
    while (read_all(head, 16)) {
        uint32_t argument;
        uint64_t length;
        std::memcpy(&argument, head + 4, 4);
        std::memcpy(&length, head + 8, 8);
        try {
            body.resize(length);
        } catch (const std::exception&) {
            refuse("no memory for a request of " + std::to_string(length) + " bytes");
            return 2;
        }
        if (!read_all(body.data(), length)) return 2;
        if (!std::memcmp(head, "LOAD", 4)) {
            answer_or_refuse(design.load(body));
        } else if (!std::memcmp(head, "RUN ", 4)) {
            const uint64_t wanted = design.call_bytes(argument);
            if (!design.loaded()) {
                refuse("no memory images are loaded");
            } else if (length != wanted) {
                refuse(std::to_string(length) + " bytes for " + std::to_string(argument) + " images, " +
                       std::to_string(wanted) + " are needed");
            } else {
                bytes results;
                const std::string error = design.run(argument, body, results);
                answer_or_refuse(error, results.data(), results.size());
            }
        } else if (!std::memcmp(head, "STAT", 4)) {
            std::string text;
            const std::string error = design.statistics(text);
            answer_or_refuse(error, text.data(), text.size());
        } else if (!std::memcmp(head, "SETM", 4)) {
            answer_or_refuse(design.loaded() ? design.set_memory(argument) : "no memory images are loaded");
        } else if (!std::memcmp(head, "STOP", 4)) {
            return 0;
        } else {
            refuse("an unknown operation");
        }
    }
    return 0;
}

}  // namespace farm_program
