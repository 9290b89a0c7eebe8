// Reads the structural Verilog of a netlist: modules of instances, wires, and assignments of one bit to another.
#pragma once

#include <cctype>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gates {

struct NetlistError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

using Word = std::string_view;

// A bit in a module: its number there, or a constant.
constexpr int LOW = -1, HIGH = -2;

struct Port {
    Word name;
    bool input;
    int first, width;
};

struct Instance {
    Word type, name;
    std::vector<std::pair<Word, Word>> parameters;
    std::vector<std::pair<Word, std::vector<int>>> pins;  // lowest bit first

    const std::vector<int>* pin(Word wanted) const {
        for (const auto& [port, bits] : pins)
            if (port == wanted) return &bits;
        return nullptr;
    }
    Word parameter(Word wanted) const {
        for (const auto& [key, value] : parameters)
            if (key == wanted) return value;
        return {};
    }
};

struct Module {
    Word name;
    int bits = 0;
    std::vector<Port> ports;
    std::vector<Instance> instances;
    std::vector<std::pair<int, int>> assigned;  // the bit that is set, what it is set to
};

class Reader {
  public:
    std::unordered_map<Word, Module> modules;

    explicit Reader(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        text.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        next();
        while (!token.empty()) module();
    }
    Reader(const Reader&) = delete;

  private:
    std::string text;
    std::size_t at = 0;
    Word token;
    std::unordered_map<Word, std::pair<int, int>> names;  // first bit, width

    static bool of_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '\''; }

    Word next() {
        const Word before = token;
        while (at < text.size()) {
            if (std::isspace(static_cast<unsigned char>(text[at]))) at++;
            else if (text.compare(at, 2, "//") == 0) at = std::min(text.find('\n', at), text.size());
            else break;
        }
        std::size_t end = at;
        if (end < text.size() && text[end] == '"') end = text.find('"', end + 1) + 1;
        else if (end < text.size() && !of_word(text[end])) end++;
        else while (end < text.size() && of_word(text[end])) end++;
        token = Word(text).substr(at, end - at);
        at = end;
        return before;
    }
    bool taken(Word wanted) { return token == wanted && (next(), true); }
    void expect(Word wanted) {
        if (!taken(wanted)) fail("expected " + std::string(wanted));
    }
    [[noreturn]] void fail(const std::string& what) {
        const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(at), '\n');
        throw NetlistError("line " + std::to_string(line) + ": " + what + " at " + std::string(token));
    }
    int number() { return std::stoi(std::string(next())); }

    int range() {  // the width of [high:0]
        if (!taken("[")) return 1;
        const int high = number();
        expect(":"), expect("0"), expect("]");
        return high + 1;
    }

    void declare(Module& in, Word name, int width) {
        if (!names.emplace(name, std::pair(in.bits, width)).second) fail("declared twice: " + std::string(name));
        in.bits += width;
    }

    void module() {
        expect("module");
        Module made;
        made.name = next();
        names.clear();
        expect("(");
        while (!taken(")")) {
            const bool input = token == "input";
            next();
            taken("wire");
            const int width = range();
            made.ports.push_back({token, input, made.bits, width});
            declare(made, next(), width);
            taken(",");
        }
        expect(";");
        while (!taken("endmodule")) item(made);
        const Word name = made.name;
        if (!modules.emplace(name, std::move(made)).second) fail("two modules " + std::string(name));
    }

    void item(Module& in) {
        if (taken("wire")) {
            const int width = range();
            do declare(in, next(), width);
            while (taken(","));
        } else if (taken("assign")) {
            const auto to = bits();
            expect("=");
            const bool inverted = taken("!");
            const auto from = bits();
            if (to.size() != from.size()) fail("an assignment between different widths");
            if (inverted) in.instances.push_back({"INV", "not", {}, {{"I", from}, {"O", to}}});
            else for (std::size_t i = 0; i < to.size(); i++) in.assigned.emplace_back(to[i], from[i]);
        } else {
            instance(in);
        }
        expect(";");
    }

    void instance(Module& in) {
        Instance made;
        made.type = next();
        if (taken("#")) {
            expect("(");
            while (!taken(")")) {
                expect(".");
                const Word key = next();
                expect("("), made.parameters.emplace_back(key, next()), expect(")"), taken(",");
            }
        }
        made.name = next();
        expect("(");
        while (!taken(")")) {
            expect(".");
            const Word port = next();
            expect("(");
            if (token != ")") made.pins.emplace_back(port, bits());
            expect(")"), taken(",");
        }
        in.instances.push_back(std::move(made));
    }

    std::vector<int> bits() {
        if (token == "1'b0" || token == "1'b1") return {next() == "1'b0" ? LOW : HIGH};
        if (!taken("{")) return bits_of_name();
        std::vector<std::vector<int>> members;
        do members.push_back(bits());
        while (taken(","));
        expect("}");
        std::vector<int> joined;
        for (auto member = members.rbegin(); member != members.rend(); ++member)
            joined.insert(joined.end(), member->begin(), member->end());
        return joined;
    }

    std::vector<int> bits_of_name() {
        const auto found = names.find(token);
        if (found == names.end()) fail("no such wire");
        next();
        const auto [first, width] = found->second;
        if (taken("[")) {
            const int place = number();
            expect("]");
            if (place >= width) fail("no such bit");
            return {first + place};
        }
        std::vector<int> all(static_cast<std::size_t>(width));
        for (int i = 0; i < width; i++) all[static_cast<std::size_t>(i)] = first + i;
        return all;
    }
};

}  // namespace gates
