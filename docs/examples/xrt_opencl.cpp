// Classifies images with OpenCL: on a card, or through `python -m runtime xrt -- ./xrt_opencl ...`.
// g++ -std=c++17 xrt_opencl.cpp -o xrt_opencl -lxilinxopencl   (headers: Debian's opencl-headers)
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

static void check(cl_int status, const char* what) {
    if (status == CL_SUCCESS) return;
    std::cerr << "xrt_opencl: " << what << " gave " << status << "\n";
    std::exit(1);
}
static std::string read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

int main(int argc, char** argv) {
    if (argc != 7) return std::cerr << "usage: xrt_opencl FILE.xclbin KERNEL IMAGES WEIGHTS IMAGE_BYTES CLASSES\n", 2;
    // "-" for a network whose weights are all on chip: its kernel has no such argument.
    const bool streamed = std::string(argv[4]) != "-";
    std::string binary = read_file(argv[1]), images = read_file(argv[3]), weights = streamed ? read_file(argv[4]) : "";
    const cl_uint classes = std::stoul(argv[6]), count = images.size() / std::stoul(argv[5]);
    cl_platform_id platform;
    cl_device_id device;
    cl_int status, loaded;
    check(clGetPlatformIDs(1, &platform, nullptr), "clGetPlatformIDs");
    check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ACCELERATOR, 1, &device, nullptr), "clGetDeviceIDs");
    cl_context context = clCreateContext(nullptr, 1, &device, nullptr, nullptr, &status);
    check(status, "clCreateContext");
    cl_command_queue queue = clCreateCommandQueue(context, device, 0, &status);
    const auto* bytes = reinterpret_cast<const unsigned char*>(binary.data());
    const size_t size = binary.size();
    cl_program program = clCreateProgramWithBinary(context, 1, &device, &size, &bytes, &loaded, &status);
    check(status, "clCreateProgramWithBinary");
    cl_kernel kernel = clCreateKernel(program, argv[2], &status);
    check(status, "clCreateKernel");
    const cl_mem_flags given = CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR;
    std::vector<cl_uint> best(count * classes);
    cl_mem in = clCreateBuffer(context, given, images.size(), images.data(), &status);
    cl_mem out = clCreateBuffer(context, CL_MEM_WRITE_ONLY, best.size() * sizeof(cl_uint), nullptr, &status);
    std::vector<cl_mem> buffers = {in, out}, inputs = {in};
    if (streamed) {
        buffers.push_back(clCreateBuffer(context, given, weights.size(), weights.data(), &status));
        inputs.push_back(buffers.back());
    }
    cl_uint argument = 0;
    for (cl_mem& each : buffers) check(clSetKernelArg(kernel, argument++, sizeof each, &each), "clSetKernelArg");
    check(clSetKernelArg(kernel, argument, sizeof count, &count), "clSetKernelArg");
    check(clEnqueueMigrateMemObjects(queue, inputs.size(), inputs.data(), 0, 0, nullptr, nullptr),
          "clEnqueueMigrateMemObjects");
    check(clEnqueueTask(queue, kernel, 0, nullptr, nullptr), "clEnqueueTask");
    check(clEnqueueReadBuffer(queue, out, CL_TRUE, 0, best.size() * 4, best.data(), 0, nullptr, nullptr), "the result");
    for (cl_uint image = 0; image < count; image++) std::cout << "class " << best[image * classes] << "\n";
}
