// A netlist simulated cell by cell, after models.v and like Verilator's models: pins, and eval() at each level of the clock.
//
// Nothing is compiled for a netlist: every look-up table, and each bit that is read from a LUT's memory, is one row of a table,
// and all rows are gone through once a cycle. All cells share the clock `ap_clk`. Bits that a netlist leaves open are random.
#pragma once

#include <algorithm>
#include <map>

#include "primitives.hpp"

namespace gates {

class Gates {
  public:
    Gates(const std::string& path, const std::string& top, unsigned seed) : reader(path) {
        circuit.random.seed(seed);
        const Module& module = found(top);
        Nets nets;
        for (int i = 0; i < module.bits; i++) nets.push_back(fresh());
        for (const Port& port : module.ports) {
            auto& pin = pins[std::string(port.name)];
            pin.input = port.input;
            for (int i = 0; i < port.width; i++) pin.nets.push_back(nets[static_cast<std::size_t>(port.first + i)]);
        }
        place(module, nets);
        for (const auto& [inner, bits] : placed)
            for (const Instance& instance : inner->instances)
                if (!reader.modules.count(instance.type)) add(instance, bits);
        placed.clear();
        for (auto& [name, pin] : pins)
            for (Net& net : pin.nets) net = root(net);
        power_on();
        sort();
    }

    // The bytes of a port, lowest first; they stay where they are.
    void bind(const std::string& port, void* bytes) { pins.at(port).bytes = static_cast<std::uint8_t*>(bytes); }

    // Outputs are shown while the clock is low.
    void eval() {
        bool changed = take_inputs();
        const bool clock = v[clock_net()];
        if (changed || stale) combine();
        stale = false;
        if (clock && !clock_before) tick(), stale = true;
        else show_outputs();
        clock_before = clock;
    }

  private:
    struct Pin {
        bool input = false;
        Nets nets;
        std::uint8_t* bytes = nullptr;
    };

    Reader reader;
    Circuit circuit;
    std::map<std::string, Pin> pins;
    std::vector<std::pair<const Module*, Nets>> placed;
    Nets same;  // a net that is another by assignment points to it
    Values v, next;
    std::vector<std::pair<std::size_t, Block*>> order;  // how many tables come before a block without registers
    bool stale = true, clock_before = false;

    Net clock_net() { return pins.at("ap_clk").nets[0]; }

    const Module& found(Word name) const {
        const auto place = reader.modules.find(name);
        if (place == reader.modules.end()) throw NetlistError("no module " + std::string(name));
        return place->second;
    }

    Net fresh() {
        if (same.empty()) same = {0, 1};
        same.push_back(static_cast<Net>(same.size()));
        return same.back();
    }
    Net root(Net net) {
        while (same[net] != net) net = same[net] = same[same[net]];
        return net;
    }

    static Net at(const Nets& nets, int bit) { return bit == LOW ? 0 : bit == HIGH ? 1 : nets[std::size_t(bit)]; }

    // Instances of a module whose bits are these nets.
    void place(const Module& module, const Nets& nets) {
        for (const auto& [to, from] : module.assigned) same[root(at(nets, to))] = root(at(nets, from));
        for (const Instance& cell : module.instances) {
            const auto inner = reader.modules.find(cell.type);
            if (inner == reader.modules.end()) continue;
            Nets below(std::size_t(inner->second.bits), 0);
            std::size_t next_bit = 0;
            for (const Port& port : inner->second.ports) {
                const auto* given = cell.pin(port.name);
                if (given && given->size() != std::size_t(port.width))
                    throw NetlistError(std::string(cell.name) + "." + std::string(port.name) + ": another width");
                for (int i = 0; i < port.width; i++) {
                    const bool open = !given;
                    below[next_bit++] = open ? (port.input ? 0 : fresh()) : at(nets, (*given)[std::size_t(i)]);
                }
            }
            while (next_bit < below.size()) below[next_bit++] = fresh();
            place(inner->second, below);
        }
        placed.emplace_back(&module, nets);
    }

    void add(const Instance& instance, const Nets& nets) {
        const Cell cell(instance, [&](int bit) { return root(at(nets, bit)); }, [&] { return fresh(); });
        circuit.add(cell, instance.type);
    }

    void power_on() {
        for (const auto& [net, cell] : circuit.clocks)
            if (net != clock_net()) throw NetlistError(cell + " has another clock than ap_clk");
        v.assign(same.size(), 0), v[1] = 1;
        for (const auto& [net, value] : circuit.initial) v[net] = value;
        next.resize(circuit.registers.size());
        for (const auto& block : circuit.blocks) block->drive(v);
    }

    // Puts tables behind those that they depend on.
    void sort() {
        const std::size_t none = ~std::size_t(0), held = none - 1;
        std::vector<std::size_t> driver(same.size(), none), waits(circuit.tables.size() + circuit.blocks.size(), 0), ready;
        std::vector<std::vector<std::size_t>> readers(waits.size());
        const auto drives = [&](Net net, std::size_t who) {
            if (driver[net] != none || net < 2) throw NetlistError("two drivers of one net");
            driver[net] = who;
        };
        for (const Register& each : circuit.registers) drives(each.q, held);
        for (std::size_t i = 0; i < circuit.tables.size(); i++) drives(circuit.tables[i].out, i);
        for (std::size_t i = 0; i < circuit.blocks.size(); i++)
            for (const Net net : circuit.blocks[i]->outputs) drives(net, circuit.tables.size() + i);
        const auto depends = [&](std::size_t who, Net net) {
            if (driver[net] < held) waits[who]++, readers[driver[net]].push_back(who);
        };
        for (std::size_t i = 0; i < circuit.tables.size(); i++)
            for (const Net net : circuit.tables[i].in) depends(i, net);
        for (std::size_t i = 0; i < circuit.blocks.size(); i++)
            for (const Net net : circuit.blocks[i]->inputs) depends(circuit.tables.size() + i, net);
        for (std::size_t i = 0; i < waits.size(); i++)
            if (!waits[i]) ready.push_back(i);
        std::vector<Table> sorted;
        std::vector<std::size_t> where(circuit.tables.size());
        for (std::size_t i = 0; i < ready.size(); i++) {
            const std::size_t who = ready[i];
            if (who < circuit.tables.size()) where[who] = sorted.size(), sorted.push_back(circuit.tables[who]);
            else if (!circuit.blocks[who - circuit.tables.size()]->outputs.empty())
                order.emplace_back(sorted.size(), circuit.blocks[who - circuit.tables.size()].get());
            for (const std::size_t reader : readers[who])
                if (!--waits[reader]) ready.push_back(reader);
        }
        if (ready.size() != waits.size()) throw NetlistError("tables depend on each other in a ring");
        circuit.tables = std::move(sorted);
        for (auto& memory : circuit.memories)
            for (auto& [table, bit] : memory.tables) table = where[table];
    }

    void combine() {
        std::size_t done = 0;
        const auto until = [&](std::size_t end) {
            for (; done < end; done++) {
                const Table& t = circuit.tables[done];
                const unsigned index = unsigned(v[t.in[0]] | v[t.in[1]] << 1 | v[t.in[2]] << 2 | v[t.in[3]] << 3 |
                                                v[t.in[4]] << 4 | v[t.in[5]] << 5);
                v[t.out] = (t.bits >> index) & 1;
            }
        };
        for (const auto& [before, block] : order) until(before), block->drive(v);
        until(circuit.tables.size());
    }

    void tick() {
        for (std::size_t i = 0; i < circuit.registers.size(); i++) {
            const Register& r = circuit.registers[i];
            next[i] = v[r.reset] ? r.reset_value : v[r.enable] ? v[r.d] : v[r.q];
        }
        for (const Memory& memory : circuit.memories) {
            if (!v[memory.enable]) continue;
            const std::uint64_t place = value_of(v, memory.place);
            for (const auto& [table, bit] : memory.tables) {
                std::uint64_t& bits = circuit.tables[table].bits;
                if (memory.place.empty()) bits = (bits << 1 | v[bit]) & 0xffff;
                else bits = (bits & ~(std::uint64_t(1) << place)) | std::uint64_t(v[bit]) << place;
            }
        }
        for (auto& block : circuit.blocks) block->sample(v);
        for (std::size_t i = 0; i < circuit.registers.size(); i++) v[circuit.registers[i].q] = next[i];
        for (auto& block : circuit.blocks) block->drive(v);
    }

    bool take_inputs() {
        bool changed = false;
        for (auto& [name, pin] : pins) {
            if (!pin.input || !pin.bytes) continue;
            for (std::size_t i = 0; i < pin.nets.size(); i++) {
                const std::uint8_t bit = pin.bytes[i / 8] >> (i % 8) & 1;
                changed |= v[pin.nets[i]] != bit && name != "ap_clk";
                v[pin.nets[i]] = bit;
            }
        }
        return changed;
    }

    void show_outputs() {
        for (auto& [name, pin] : pins) {
            if (pin.input || !pin.bytes) continue;
            std::fill_n(pin.bytes, (pin.nets.size() + 7) / 8, std::uint8_t(0));
            for (std::size_t i = 0; i < pin.nets.size(); i++)
                pin.bytes[i / 8] |= std::uint8_t(v[pin.nets[i]] << (i % 8));
        }
    }
};

}  // namespace gates
