// The streams of a top in C simulation, in place of the open headers' own `hls_stream.h`.
//
// The class there instantiates a std::deque, which is half of what g++ compiles of a top: a core has some 30 types of
// streams. This one has the members that the HLS subset allows, so what compiles here compiles there too, and it says
// the same of a stream that is read while empty or that is left with data.
#ifndef X_HLS_STREAM_SIM_H  // the guard of the other one: never both
#define X_HLS_STREAM_SIM_H

#include <cstddef>
#include <iostream>
#include <string>

namespace hls {

// Out of line and for all types together, because it is rare.
__attribute__((noinline, cold)) inline void stream_warning(const std::string& name, const char* what) {
    std::cout << "WARNING: Hls::stream '" << name << "' " << what << ", which may result in RTL simulation hanging."
              << std::endl;
}

// A queue without a limit.
template <class T> class stream {
  public:
    stream(const std::string& name) : name_(name), ring_(0), places_(0), head_(0), size_(0) {}

    ~stream() {
        if (size_ != 0) {
            stream_warning(name_, "contains leftover data");
        }
        delete[] ring_;
    }

    T read() {
        if (size_ == 0) {
            stream_warning(name_, "is read while empty");
            return T();
        }
        const std::size_t at = head_;
        head_ = (head_ + 1) & (places_ - 1);
        size_--;
        return ring_[at];
    }

    void write(const T& value) {
        if (size_ == places_) {
            grow();
        }
        ring_[(head_ + size_) & (places_ - 1)] = value;
        size_++;
    }

    void operator>>(T& value) { value = read(); }
    void operator<<(const T& value) { write(value); }
    bool empty() const { return size_ == 0; }

  private:
    stream(const stream&);
    stream& operator=(const stream&);

    // The number of places stays a power of two, so a mask wraps the index.
    void grow() {
        const std::size_t places = places_ == 0 ? 16 : places_ * 2;
        T* wider = new T[places];
        for (std::size_t i = 0; i < size_; i++) {
            wider[i] = ring_[(head_ + i) & (places_ - 1)];
        }
        delete[] ring_;
        ring_ = wider;
        places_ = places;
        head_ = 0;
    }

    std::string name_;
    T* ring_;
    std::size_t places_;
    std::size_t head_;
    std::size_t size_;
};

}  // namespace hls

#endif  // X_HLS_STREAM_SIM_H
