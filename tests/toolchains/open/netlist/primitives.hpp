// The primitives of a netlist as rows of tables, registers and blocks. They do what their models in models.v do.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>

#include "structural.hpp"

namespace gates {

using Net = std::uint32_t;  // nets 0 and 1 are the constants
using Nets = std::vector<Net>;
using Values = std::vector<std::uint8_t>;

inline std::uint64_t value_of(const Values& v, const Nets& nets) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < nets.size(); i++) value |= std::uint64_t(v[nets[i]]) << i;
    return value;
}

inline void show(Values& v, const Nets& nets, std::uint64_t value) {
    for (std::size_t i = 0; i < nets.size(); i++) v[nets[i]] = value >> i & 1;
}

struct Table {
    std::array<Net, 6> in{};
    Net out = 0;
    std::uint64_t bits = 0;
};

struct Register {
    Net d, enable, reset, q;
    bool reset_value;
};

// A LUT's memory: the tables that it fills, each with the bit that is written to it.
struct Memory {
    Net enable;
    Nets place;  // where it is written to; without, it shifts
    std::vector<std::pair<std::size_t, Net>> tables;
};

// A cell that holds more than a bit. `sample` takes what stands before the rising edge, `drive` shows what it gives.
struct Block {
    virtual ~Block() {}
    virtual void sample(const Values& v) = 0;
    virtual void drive(Values& v) const = 0;
    Nets inputs, outputs;  // of its part without registers; no outputs if there is none
};

// An instance with its nets. Inputs that are joined to nothing are 0, such outputs are nets of their own.
class Cell {
  public:
    Cell(const Instance& instance, std::function<Net(int)> net, std::function<Net()> fresh)
        : instance(instance), net(std::move(net)), fresh(std::move(fresh)) {}

    std::string name() const { return std::string(instance.type) + " " + std::string(instance.name); }
    bool joined(Word port) const { return instance.pin(port); }
    Nets in(Word port, std::size_t width) const { return nets(port, width, true); }
    Nets out(Word port, std::size_t width) const { return nets(port, width, false); }
    Net in(Word port) const { return in(port, 1)[0]; }
    Net out(Word port) const { return out(port, 1)[0]; }

    bool given(Word key) const { return !instance.parameter(key).empty(); }
    // Bits of a parameter, 64 at most from `from` on; 0 if it is not given.
    std::uint64_t bits(Word key, std::size_t from = 0) const {
        const Word value = instance.parameter(key);
        const std::size_t start = value.find("'h");
        if (value.empty()) return 0;
        if (start == Word::npos) throw NetlistError(name() + "." + std::string(key) + " is no number with its size");
        std::uint64_t found = 0;
        const Word digits = value.substr(start + 2);
        for (std::size_t i = from / 4; i < digits.size() && i < from / 4 + 16; i++) {
            const char digit = digits[digits.size() - 1 - i];
            found |= std::uint64_t(digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10) << 4 * (i - from / 4);
        }
        return found;
    }
    std::uint64_t number(Word key, std::uint64_t otherwise) const { return given(key) ? bits(key) : otherwise; }
    Word text(Word key) const { return instance.parameter(key); }
    void must(Word key, Word wanted) const {
        const Word value = instance.parameter(key);
        if (!value.empty() && value != wanted) throw NetlistError(name() + " with " + std::string(value));
    }

  private:
    const Instance& instance;
    std::function<Net(int)> net;
    std::function<Net()> fresh;

    Nets nets(Word port, std::size_t width, bool input) const {
        const auto* given = instance.pin(port);
        if (given && given->size() != width) throw NetlistError(name() + "." + std::string(port) + ": another width");
        Nets found;
        for (std::size_t i = 0; i < width; i++) found.push_back(given ? net((*given)[i]) : input ? 0 : fresh());
        return found;
    }
};

// A block RAM, after `block_memory` of models.v.
class BlockRam : public Block {
  public:
    BlockRam(const Cell& cell, bool half, std::mt19937_64& random)
        : name(cell.name()), width(half ? 16 : 32), bytes(width * 128), parities(bytes.size()) {
        const std::size_t address = half ? 14 : 15, port = width / 8;
        sides[0] = {cell.in("ENARDEN"), cell.in("REGCEAREGCE"), cell.in("ADDRARDADDR", address), cell.in("DINADIN", width),
                    cell.in("DINPADINP", port), cell.in("WEA", port), cell.number("READ_WIDTH_A", 0),
                    cell.number("WRITE_WIDTH_A", 0), cell.number("DOA_REG", 1) != 0, cell.out("DOUTADOUT", width),
                    cell.out("DOUTPADOUTP", port)};
        sides[1] = {cell.in("ENBWREN"), cell.in("REGCEB"), cell.in("ADDRBWRADDR", address), cell.in("DINBDIN", width),
                    cell.in("DINPBDINP", port), cell.in("WEBWE", 2 * port), cell.number("READ_WIDTH_B", 0),
                    cell.number("WRITE_WIDTH_B", 0), cell.number("DOB_REG", 1) != 0, cell.out("DOUTBDOUT", width),
                    cell.out("DOUTPBDOUTP", port)};
        wide = 9 * width / 4;
        if (sides[1].read > wide / 2 || sides[0].write > wide / 2) throw NetlistError(name + ": a wide word at the wrong port");
        for (const Side& side : sides) {
            if (side.write && side.write < 9) throw NetlistError(name + " with words of less than a byte");
        }
        for (const Word reset : {"RSTRAMARSTRAM", "RSTRAMB", "RSTREGARSTREG", "RSTREGB", "SLEEP"})
            resets.push_back(cell.in(reset));
        const bool filled = cell.given("INIT_00");
        for (std::size_t i = 0; i < bytes.size(); i++) {
            bytes[i] = static_cast<std::uint8_t>(filled ? cell.bits(key("INIT_", i / 32), 8 * (i % 32)) : random());
            parities[i] = static_cast<std::uint8_t>(filled ? cell.bits(key("INITP_", i / 256), i % 256 / 4 * 4) >> i % 4 : random()) & 1;
        }
        for (Side& side : sides) side.latch = side.held = random(), side.parity_latch = side.parity_held = random() & 0xff;
    }

    void sample(const Values& v) override {
        for (const Net reset : resets)
            if (v[reset]) throw NetlistError(name + ": a reset of its output");
        for (Side& side : sides) {
            if (v[side.keep]) side.held = side.latch, side.parity_held = side.parity_latch;
        }
        for (Side& side : sides) read(side, v);
        // The upper half of a wide word is what port B has.
        const std::uint64_t low = value_of(v, sides[0].in), high = value_of(v, sides[1].in);
        const std::uint64_t low_parity = value_of(v, sides[0].parity_in), high_parity = value_of(v, sides[1].parity_in);
        const bool both = sides[1].write == wide;
        write(sides[0], v, low, low_parity);
        write(sides[1], v, both ? high << width | low : high, both ? high_parity << width / 8 | low_parity : high_parity);
    }

    void drive(Values& v) const override {
        const bool both = sides[0].read == wide;
        for (const Side& side : sides) {
            const bool upper = both && &side == &sides[1];
            const Side& from = both ? sides[0] : side;
            show(v, side.out, (from.registered ? from.held : from.latch) >> (upper ? width : 0));
            show(v, side.parity_out, (from.registered ? from.parity_held : from.parity_latch) >> (upper ? width / 8 : 0));
        }
    }

  private:
    struct Side {
        Net enable, keep;
        Nets address, in, parity_in, strobe;
        std::uint64_t read, write;
        bool registered;
        Nets out, parity_out;
        std::uint64_t latch = 0, held = 0, parity_latch = 0, parity_held = 0;
    };
    std::string name;
    std::size_t width, wide = 0;  // data bits of a port; bits of a wide word
    std::vector<std::uint8_t> bytes, parities;
    Side sides[2];
    Nets resets;

    static std::string key(const char* prefix, std::size_t number) {
        const char* digits = "0123456789ABCDEF";
        return std::string(prefix) + digits[number / 16] + digits[number % 16];
    }
    static std::size_t byte_of(std::uint64_t address, std::uint64_t word) { return address / 8 / (word / 9) * (word / 9); }

    void read(Side& side, const Values& v) {
        if (!v[side.enable] || !side.read) return;
        const std::uint64_t address = value_of(v, side.address);
        if (side.read < 9) {
            side.latch = (side.latch & ~std::uint64_t(0xff)) | bytes[address / 8] >> address % 8;
            return;
        }
        const std::size_t first = byte_of(address, side.read), count = side.read / 9;
        for (std::size_t i = 0; i < count; i++) {
            side.latch = (side.latch & ~(std::uint64_t(0xff) << 8 * i)) | std::uint64_t(bytes[first + i]) << 8 * i;
            side.parity_latch = (side.parity_latch & ~(std::uint64_t(1) << i)) | std::uint64_t(parities[first + i]) << i;
        }
    }
    void write(Side& side, const Values& v, std::uint64_t word, std::uint64_t parity) {
        if (!v[side.enable] || !side.write) return;
        const std::size_t first = byte_of(value_of(v, side.address), side.write);
        for (std::size_t i = 0; i < side.write / 9; i++) {
            if (!v[side.strobe[i]]) continue;
            bytes[first + i] = static_cast<std::uint8_t>(word >> 8 * i);
            parities[first + i] = parity >> i & 1;
        }
    }
};

// A multiplier that adds, after DSP48E2 of block_models.v.
class Multiplier : public Block {
  public:
    explicit Multiplier(const Cell& cell)
        : a(cell.in("A", 30)), b(cell.in("B", 18)), c(cell.in("C", 48)), d(cell.in("D", 27)), pcin(cell.in("PCIN", 48)),
          mode(cell.in("OPMODE", 9)), p(cell.out("P", 48)), pcout(cell.out("PCOUT", 48)), a_registers(cell.number("AREG", 1)),
          b_registers(cell.number("BREG", 1)), c_register(cell.number("CREG", 1)), d_register(cell.number("DREG", 1)),
          ad_register(cell.number("ADREG", 1)), m_register(cell.number("MREG", 1)), p_register(cell.number("PREG", 1)),
          adds_d(cell.text("AMULTSEL") == "\"AD\"") {
        a.resize(27);
        if (!adds_d) cell.must("AMULTSEL", "\"A\"");
        cell.must("USE_MULT", "\"MULTIPLY\""), cell.must("A_INPUT", "\"DIRECT\""), cell.must("B_INPUT", "\"DIRECT\"");
        for (const Word key : {"OPMODEREG", "INMODEREG"})
            if (cell.number(key, 1)) throw NetlistError(cell.name() + ": " + std::string(key) + " is not 0");
        for (const Word port : {"CEA1", "CEA2", "CEB1", "CEB2", "CEC", "CED", "CEAD", "CEM", "CEP", "RSTA", "RSTB", "RSTC", "RSTD",
                                "RSTM", "RSTP"})
            controls.push_back(cell.in(port));
        const Nets chosen = cell.in("INMODE", 5);
        for (const int other : {0, 1, 3, 4})
            if (chosen[std::size_t(other)]) throw NetlistError(cell.name() + ": INMODE is used");
        add_d = chosen[2];
        for (const auto& [port, width] : {std::pair<Word, std::size_t>("ALUMODE", 4), {"CARRYIN", 1}, {"CARRYINSEL", 3}})
            for (const Net net : cell.in(port, width))
                if (net) throw NetlistError(cell.name() + ": " + std::string(port) + " is used");
        if (p_register) return;
        outputs = p, outputs.insert(outputs.end(), pcout.begin(), pcout.end());
        const auto seen = [&](const Nets& nets) { inputs.insert(inputs.end(), nets.begin(), nets.end()); };
        seen(pcin), seen(mode);
        if (!c_register) seen(c);
        const bool before_m = !m_register, before_ad = before_m && !(adds_d && ad_register);
        if (before_ad && !a_registers) seen(a);
        if (before_ad && adds_d && !d_register) seen(d);
        if (before_ad && adds_d) inputs.push_back(add_d);
        if (before_m && !b_registers) seen(b);
    }

    void sample(const Values& v) override {
        const auto on = [&](int control) { return v[controls[std::size_t(control)]] != 0; };
        const std::int64_t product_now = product(v), sum_now = sum(v), a_now = given(v, a), b_now = given(v, b);
        const std::int64_t ad_now = sum_ad(v), a_before = a1, b_before = b1;
        if (on(0)) a1 = a_now;
        if (on(1)) a2 = a_registers == 2 ? a_before : a_now;
        if (on(2)) b1 = b_now;
        if (on(3)) b2 = b_registers == 2 ? b_before : b_now;
        if (on(4)) c1 = given(v, c);
        if (on(5)) d1 = given(v, d);
        if (on(6)) ad1 = ad_now;
        if (on(7)) m = product_now;
        if (on(8)) held = sum_now;
        if (on(9)) a1 = a2 = 0;
        if (on(10)) b1 = b2 = 0;
        if (on(11)) c1 = 0;
        if (on(12)) d1 = ad1 = 0;
        if (on(13)) m = 0;
        if (on(14)) held = 0;
    }
    void drive(Values& v) const override {
        const auto value = static_cast<std::uint64_t>(p_register ? held : sum(v));
        show(v, p, value), show(v, pcout, value);
    }

  private:
    Nets a, b, c, d, pcin, mode, p, pcout, controls;
    Net add_d = 0;
    std::uint64_t a_registers, b_registers, c_register, d_register, ad_register, m_register, p_register;
    bool adds_d;
    std::int64_t a1 = 0, a2 = 0, b1 = 0, b2 = 0, c1 = 0, d1 = 0, ad1 = 0, m = 0, held = 0;

    static std::int64_t extended(std::int64_t value, std::size_t bits) {
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << (64 - bits)) >> (64 - bits);
    }
    static std::int64_t given(const Values& v, const Nets& nets) {
        return extended(static_cast<std::int64_t>(value_of(v, nets)), nets.size());
    }
    std::int64_t sum_ad(const Values& v) const {
        const std::int64_t first = a_registers ? a2 : given(v, a), second = d_register ? d1 : given(v, d);
        return extended(first + (v[add_d] ? second : 0), 27);
    }
    std::int64_t product(const Values& v) const {
        const std::int64_t first = !adds_d ? (a_registers ? a2 : given(v, a)) : ad_register ? ad1 : sum_ad(v);
        return first * (b_registers ? b2 : given(v, b));
    }
    std::int64_t sum(const Values& v) const {
        const std::uint64_t wanted = value_of(v, mode);
        const std::int64_t third = c_register ? c1 : given(v, c), unknown = 0x5a5a5a5a5a5a;  // no such mode is in the model
        const std::uint64_t w = wanted >> 7, z = wanted >> 4 & 7, xy = wanted & 15;
        const std::int64_t x = xy == 0 ? 0 : xy == 5 ? (m_register ? m : product(v)) : unknown;
        const std::int64_t from_w = w == 0 ? 0 : w == 1 ? held : w == 3 ? third : unknown;
        const std::int64_t from_z = z == 0 ? 0 : z == 1 ? given(v, pcin) : z == 2 ? held : z == 3 ? third : unknown;
        return extended(x + from_w + from_z, 48);
    }
};

// All cells of a netlist.
struct Circuit {
    std::vector<Table> tables;
    std::vector<Register> registers;
    std::vector<Memory> memories;
    std::vector<std::unique_ptr<Block>> blocks;
    std::vector<std::pair<Net, std::string>> clocks;
    std::vector<std::pair<Net, bool>> initial;
    std::mt19937_64 random;

    void add(const Cell& cell, Word type) {
        if (type == "LUT6_2") look_up_twice(cell);
        else if (type.substr(0, 3) == "LUT" && type.size() == 4) look_up(cell, std::size_t(type[3] - '0'));
        else if (type.substr(0, 4) == "MUXF") table({cell.in("I0"), cell.in("I1"), cell.in("S")}, cell.out("O"), 0xca);
        else if (type == "INV") table({cell.in("I")}, cell.out("O"), 1);
        else if (type == "CARRY8") carry(cell);
        else if (type == "FDRE" || type == "FDSE") flip_flop(cell, type == "FDSE");
        else if (type == "RAM32M16") ram(cell, 32, 2);
        else if (type == "RAM64M8") ram(cell, 64, 1);
        else if (type == "SRL16E") shift(cell);
        else if (type == "RAMB36E2" || type == "RAMB18E2") block(cell, std::make_unique<BlockRam>(cell, type == "RAMB18E2", random), {"CLKARDCLK", "CLKBWRCLK"});
        else if (type == "DSP48E2") block(cell, std::make_unique<Multiplier>(cell), {"CLK"});
        else throw NetlistError("no model of a " + cell.name());
    }

  private:
    std::size_t table(std::initializer_list<Net> in, Net out, std::uint64_t bits) { return table(Nets(in), out, bits); }
    std::size_t table(const Nets& in, Net out, std::uint64_t bits) {
        Table made;
        std::copy(in.begin(), in.end(), made.in.begin());
        made.out = out, made.bits = bits;
        tables.push_back(made);
        return tables.size() - 1;
    }
    void look_up(const Cell& cell, std::size_t size) {
        Nets in;
        for (std::size_t i = 0; i < size; i++) in.push_back(cell.in("I" + std::to_string(i)));
        table(in, cell.out("O"), cell.bits("INIT"));
    }
    // O5 is the lower half of the table: it does not depend on I5.
    void look_up_twice(const Cell& cell) {
        Nets in;
        for (std::size_t i = 0; i < 6; i++) in.push_back(cell.in("I" + std::to_string(i)));
        table(in, cell.out("O6"), cell.bits("INIT"));
        in.pop_back();
        table(in, cell.out("O5"), cell.bits("INIT") & 0xffffffff);
    }
    void carry(const Cell& cell) {
        const bool dual = cell.text("CARRY_TYPE") == "\"DUAL_CY4\"";
        if (!dual) cell.must("CARRY_TYPE", "\"SINGLE_CY8\"");
        const Nets s = cell.in("S", 8), di = cell.in("DI", 8), co = cell.out("CO", 8), o = cell.out("O", 8);
        Net before = cell.in("CI");
        for (std::size_t i = 0; i < 8; before = co[i++]) {
            if (dual && i == 4) before = cell.in("CI_TOP");
            table({s[i], before}, o[i], 0b0110);
            table({s[i], before, di[i]}, co[i], 0b11011000);
        }
    }
    void flip_flop(const Cell& cell, bool set) {
        const Net q = cell.out("Q");
        registers.push_back({cell.in("D"), cell.in("CE"), cell.in(set ? "S" : "R"), q, set});
        initial.emplace_back(q, cell.given("INIT") ? cell.bits("INIT") & 1 : random() & 1);
        clocks.emplace_back(cell.in("C"), cell.name());
    }
    void ram(const Cell& cell, std::size_t places, std::size_t width) {
        const std::size_t address = places == 32 ? 5 : 6;
        Memory made{cell.in("WE"), cell.in("ADDRH", address), {}};
        for (const char letter : std::string("ABCDEFGH")) {
            const std::string at(1, letter);
            if (!cell.joined("DO" + at)) continue;
            const Nets in = cell.in("DI" + at, width), out = cell.out("DO" + at, width), read = cell.in("ADDR" + at, address);
            const std::string key = "INIT_" + at;
            const std::uint64_t contents = cell.given(key) ? cell.bits(key) : random();
            for (std::size_t bit = 0; bit < width; bit++) {
                std::uint64_t bits = 0;
                for (std::size_t i = 0; i < places; i++) bits |= (contents >> (width * i + bit) & 1) << i;
                made.tables.emplace_back(table(read, out[bit], bits), in[bit]);
            }
        }
        cell.must("IS_WCLK_INVERTED", "1'h0");
        memories.push_back(made), clocks.emplace_back(cell.in("WCLK"), cell.name());
    }
    void shift(const Cell& cell) {
        cell.must("IS_CLK_INVERTED", "1'h0");
        const Nets read = {cell.in("A0"), cell.in("A1"), cell.in("A2"), cell.in("A3")};
        memories.push_back({cell.in("CE"), {}, {{table(read, cell.out("Q"), random() & 0xffff), cell.in("D")}}});
        clocks.emplace_back(cell.in("CLK"), cell.name());
    }
    void block(const Cell& cell, std::unique_ptr<Block> made, std::initializer_list<Word> ports) {
        for (const Word port : ports)
            // A port that is not used may be tied.
            if (const Net clock = cell.in(port); clock > 1) clocks.emplace_back(clock, cell.name());
        blocks.push_back(std::move(made));
    }
};

}  // namespace gates
