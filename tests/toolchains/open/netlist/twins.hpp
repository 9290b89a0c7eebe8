// What the bench sees of a module, verilated from its RTL or simulated as gates.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>

struct Pin {
    unsigned char* bytes;  // lowest first
    unsigned bits;
    bool input;
};

struct Twin {
    virtual ~Twin() {}
    virtual void eval() = 0;
    std::map<std::string, Pin> pins;

    unsigned char* at(const std::string& name) { return pins.at(name).bytes; }

    // A value in hexadecimal.
    std::string shown(const std::string& name) {
        const Pin& pin = pins.at(name);
        std::string text;
        for (unsigned i = (pin.bits + 7) / 8; i-- > 0;)
            for (const unsigned digit : {pin.bytes[i] / 16u, pin.bytes[i] % 16u}) text += "0123456789abcdef"[digit];
        return text;
    }
};

// The verilated one. Its registers are random at power-on, which exposes a module that relies on their contents.
std::unique_ptr<Twin> make_rtl(unsigned seed);
