// What XRT makes of an xclbin: reads it, loads it on a device, opens each compute unit and runs it once.
//
// usage: judge FILE REPORT, with XCL_EMULATION_MODE=noop: a device without memory or logic, on which nothing of the file
// is executed. REPORT is JSON text, since XRT itself may print to the output. An exception of XRT's ends the program, with
// "failed" (what was being done) and "what" (XRT's words) in the report.
#if __has_include(<xrt/experimental/xrt_xclbin.h>)
#include <xrt/experimental/xrt_xclbin.h>
#else
#include <experimental/xrt_xclbin.h>
#endif
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <csignal>
#include <cstdint>
#include <exception>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sys/prctl.h>
#include <sys/resource.h>

namespace {

constexpr std::size_t BUFFER_BYTES = 4096;
constexpr unsigned WAIT_MS = 5000;
constexpr rlim_t MEMORY_BYTES = rlim_t{4} << 30;

// A damaged file can send XRT astray: it then takes no more than this, leaves no core file, and ends with who asked.
void set_limits() {
    const rlimit none{0, 0}, memory{MEMORY_BYTES, MEMORY_BYTES};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_AS, &memory);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

std::string text(const std::string& value) {
    static const char digits[] = "0123456789abcdef";
    std::string out = "\"";
    for (unsigned char letter : value) {
        if (letter == '"' || letter == '\\') {
            out += '\\';
            out += static_cast<char>(letter);
        } else if (letter < 0x20 || letter >= 0x7f) {
            // Bytes as Latin-1: a file's names need not be UTF-8, JSON has to be.
            out += std::string("\\u00") + digits[letter >> 4] + digits[letter & 15];
        } else {
            out += static_cast<char>(letter);
        }
    }
    return out + '"';
}

std::string list(const std::vector<std::string>& values) {
    std::string out = "[";
    for (std::size_t i = 0; i < values.size(); ++i) out += (i ? ", " : "") + values[i];
    return out + "]";
}

// XRT's own to_string() would need libuuid's symbols linked here too.
std::string hex(const xrt::uuid& uuid) {
    static const char digits[] = "0123456789abcdef";
    std::string out;
    for (int i = 0; i < 16; ++i) {
        out += digits[uuid.get()[i] >> 4];
        out += digits[uuid.get()[i] & 15];
    }
    return text(out);
}

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string memory(const xrt::xclbin::mem& mem) {
    return "{\"index\": " + std::to_string(mem.get_index()) + ", \"tag\": " + text(mem.get_tag()) +
           ", \"type\": " + number(static_cast<unsigned>(mem.get_type())) +
           ", \"used\": " + (mem.get_used() ? "true" : "false") +
           ", \"base_address\": " + number(mem.get_base_address()) + ", \"size_kib\": " + number(mem.get_size_kb()) + "}";
}

bool is_pointer(const xrt::xclbin::arg& arg) { return arg.get_host_type().find('*') != std::string::npos; }

// kernel.group_id raises for an argument that reaches no memory: right for a scalar, a fault of the file for a pointer.
std::string argument(const xrt::xclbin::arg& arg, const xrt::kernel& kernel) {
    const int index = static_cast<int>(arg.get_index());
    std::vector<std::string> memories;
    for (const auto& mem : arg.get_mems()) memories.push_back(number(static_cast<std::uint64_t>(mem.get_index())));
    return "{\"index\": " + std::to_string(index) + ", \"name\": " + text(arg.get_name()) +
           ", \"port\": " + text(arg.get_port()) + ", \"offset\": " + number(kernel.offset(index)) +
           ", \"size_bytes\": " + number(arg.get_size()) +
           ", \"group\": " + (is_pointer(arg) ? std::to_string(kernel.group_id(index)) : "null") +
           ", \"memories\": " + list(memories) + "}";
}

unsigned run_once(const xrt::device& device, const std::vector<xrt::xclbin::arg>& arguments, const xrt::kernel& kernel) {
    xrt::run run(kernel);
    std::vector<xrt::bo> buffers;
    for (const auto& arg : arguments) {
        const int index = static_cast<int>(arg.get_index());
        if (is_pointer(arg)) {
            buffers.emplace_back(device, BUFFER_BYTES, kernel.group_id(index));
            buffers.back().sync(XCL_BO_SYNC_BO_TO_DEVICE);
            run.set_arg(index, buffers.back());
        } else {
            const std::vector<unsigned char> zeros(arg.get_size());
            run.set_arg(index, static_cast<const void*>(zeros.data()), zeros.size());
        }
    }
    run.start();
    return static_cast<unsigned>(run.wait(WAIT_MS));
}

// A compute unit is opened by itself: "kernel:{unit}", where IP_LAYOUT says "kernel:unit".
std::string unit(const xrt::device& device, const xrt::uuid& loaded, const xrt::xclbin::ip& unit,
                 const std::vector<xrt::xclbin::arg>& arguments, std::string& stage) {
    const std::string name = unit.get_name();
    const std::size_t colon = name.find(':');
    stage = "open compute unit " + name;
    const xrt::kernel kernel(device, loaded, name.substr(0, colon) + ":{" + name.substr(colon + 1) + "}");
    std::vector<std::string> found;
    for (const auto& arg : arguments) {
        stage = "look at argument " + arg.get_name() + " of " + name;
        found.push_back(argument(arg, kernel));
    }
    stage = "run " + name;
    const unsigned state = run_once(device, arguments, kernel);
    return "{\"name\": " + text(name) + ", \"base_address\": " + number(unit.get_base_address()) +
           ", \"arguments\": " + list(found) + ", \"run_state\": " + number(state) + "}";
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    set_limits();
    std::ostringstream report;
    std::string stage = "read";
    report << "{\"format\": 1";
    try {
        const xrt::xclbin file{std::string(argv[1])};
        report << ", \"uuid\": " << hex(file.get_uuid()) << ", \"platform\": " << text(file.get_xsa_name())
               << ", \"target\": " << static_cast<unsigned>(file.get_target_type());
        std::vector<std::string> memories;
        for (const auto& mem : file.get_mems()) memories.push_back(memory(mem));
        report << ", \"memories\": " << list(memories);
        stage = "load";
        xrt::device device(0);
        const xrt::uuid loaded = device.load_xclbin(file);
        report << ", \"loaded\": " << hex(loaded);
        std::vector<std::string> kernels;
        for (const auto& kernel : file.get_kernels()) {
            stage = "open kernel " + kernel.get_name();
            // As most host programs do, without naming a compute unit; it raises where there is none.
            xrt::kernel(device, loaded, kernel.get_name());
            std::vector<std::string> units;
            for (const auto& each : kernel.get_cus()) units.push_back(unit(device, loaded, each, kernel.get_args(), stage));
            kernels.push_back("{\"name\": " + text(kernel.get_name()) + ", \"units\": " + list(units) + "}");
        }
        report << ", \"kernels\": " << list(kernels);
    } catch (const std::exception& error) {
        report << ", \"failed\": " << text(stage) << ", \"what\": " << text(error.what());
    }
    report << "}\n";
    std::ofstream(argv[2]) << report.str();
    return 0;
}
