// Classifies images with XRT's native C++ interface: on a card, or through `python -m runtime xrt -- ./xrt_native ...`.
// g++ -std=c++17 -I/usr/include/xrt xrt_native.cpp -o xrt_native -lxrt_coreutil -luuid
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

static std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

static int classify(char** argv) {
    // "-" for a network whose weights are all on chip: its kernel has no such argument.
    const bool streamed = std::string(argv[4]) != "-";
    const std::string images = read_file(argv[3]), weights = streamed ? read_file(argv[4]) : "";
    const unsigned image_bytes = std::stoul(argv[5]), classes = std::stoul(argv[6]);
    const unsigned count = images.size() / image_bytes;

    xrt::device device(0);
    const xrt::uuid uuid = device.load_xclbin(std::string(argv[1]));
    xrt::kernel kernel(device, uuid, argv[2]);

    // group_id is the memory that v++ connected the argument to.
    xrt::bo in(device, images.size(), kernel.group_id(0));
    xrt::bo out(device, count * classes * sizeof(std::uint32_t), kernel.group_id(1));
    in.write(images.data());
    in.sync(XCL_BO_SYNC_BO_TO_DEVICE);

    if (streamed) {
        xrt::bo fc(device, weights.size(), kernel.group_id(2));
        fc.write(weights.data());
        fc.sync(XCL_BO_SYNC_BO_TO_DEVICE);
        kernel(in, out, fc, count).wait();
    } else {
        kernel(in, out, count).wait();
    }

    out.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    const auto* best = out.map<const std::uint32_t*>();
    for (unsigned image = 0; image < count; image++) std::cout << "class " << best[image * classes] << "\n";
    return 0;
}

int main(int argc, char** argv) {
    if (argc != 7) {
        std::cerr << "usage: xrt_native FILE.xclbin KERNEL IMAGES WEIGHTS BYTES_OF_AN_IMAGE CLASSES_OF_AN_IMAGE\n";
        return 2;
    }
    try {
        return classify(argv);
    } catch (const std::exception& error) {
        std::cerr << "xrt_native: " << error.what() << "\n";
        return 1;
    }
}
