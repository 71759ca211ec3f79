package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.DeviceProvider;
import dev.kinema.device.Fusion;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Vendor;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.Graph;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * One NVIDIA device, {@code cuda:0} and so on, or the emulator of one. What is left of its programs and weights can
 * be closed after it, but not used.
 *
 * <p>Two properties of the JVM help to find what is slow or wrong; with either, programs launch step by step and replay no CUDA graph.
 * {@code -Dkinema.cuda.ranges=true} names each step to profilers by an NVTX range; {@code -Dkinema.cuda.blocking=true} waits for each
 * step, so that an error of a kernel, which a device else reports when the run is over, names its node.
 */
public final class CudaDevice implements Device {
    /** By the major version of CUDA: the first branch of NVIDIA's drivers that serves it. */
    private static final Map<Long, Integer> FIRST_DRIVERS = Map.of(12L, 525, 13L, 580);

    private final String name;
    private final int index;
    private VendorChoice vendor;
    private volatile boolean closed;

    private CudaDevice(String name, int index) {
        this.name = name;
        this.index = index;
    }

    /** Opens devices {@code cuda:0}, {@code cuda:1}, ... for the service loader. */
    public static final class Provider implements DeviceProvider {
        private static final Pattern NAME = Pattern.compile("cuda:(\\d{1,3})");

        @Override
        public List<String> names() {
            boolean real = CudaLibrary.isLoaded() && !CudaLibrary.isEmulated();
            return IntStream.range(0, Math.max(1, real ? Kinema.kn_device_count() : 0)).mapToObj(i -> "cuda:" + i).toList();
        }

        @Override
        public boolean opens(String name) {
            return NAME.matcher(name).matches();
        }

        @Override
        public Device open(String name, int threads) {
            return open(name, threads, Vendor.NEVER);
        }

        @Override
        public Device open(String name, int threads, Vendor vendor) {
            CudaLibrary.require();
            if (CudaLibrary.isEmulated()) {
                throw new KinemaException("this process runs the emulated kernels, which are for tests, and one process loads one library:"
                    + " start it without -Dorg.bytedeco.javacpp.platform.extension=-emulated to use " + name);
            }
            return CudaDevice.open(name, index -> VendorChoice.of(vendor, name, index));
        }
    }

    /** With our own kernels for everything. */
    static CudaDevice open(String name) {
        return open(name, index -> VendorChoice.own());
    }

    /**
     * Opens the device that the number in {@code name} says, of the library that this process has loaded.
     *
     * @param vendor for the device of that number, which is in use then; closed with it
     */
    static CudaDevice open(String name, IntFunction<VendorChoice> vendor) {
        CudaLibrary.require();
        Matcher number = Pattern.compile(".*:(\\d+)").matcher(name);
        if (!number.matches()) {
            throw new IllegalArgumentException(name + " has no number");
        }
        int index = Integer.parseInt(number.group(1));
        int count = Kinema.kn_device_count();
        if (count == 0) {
            throw new KinemaException(CudaLibrary.lastError() + ": " + remedyForNoDevice() + ", or choose device cpu");
        }
        if (index >= count) {
            throw new KinemaException("there is no device " + name + ", the machine has " + count + ": choose cuda:0"
                + (count == 1 ? "" : " to cuda:" + (count - 1)));
        }
        CudaDevice device = new CudaDevice(name, index);
        long capability = Kinema.kn_device_property(index, Kinema.KN_COMPUTE_CAPABILITY);
        if (capability < 80) {
            throw new KinemaException(name + " has compute capability " + capability / 10 + "." + capability % 10
                + ", the kernels need 8.0 (A100) or newer: choose device cpu");
        }
        device.use();
        device.tryKernel(capability);
        device.vendor = vendor.apply(index);
        return device;
    }

    /** A driver of an earlier major version than the kernels', or none, shows no device even where there is one. */
    private static String remedyForNoDevice() {
        long driver = Kinema.kn_device_property(0, Kinema.KN_DRIVER_VERSION) / 1000;
        long kernels = Kinema.kn_device_property(0, Kinema.KN_RUNTIME_VERSION) / 1000;
        if (driver >= kernels) {
            return "check with nvidia-smi that the machine has a GPU, and that CUDA_VISIBLE_DEVICES does not hide it";
        }
        Integer first = FIRST_DRIVERS.get(kernels);
        return "install NVIDIA's driver (" + (first == null ? "" : first + " or newer, ") + "for CUDA " + kernels + ")";
    }

    /** Whether the library has kernels for this device is known when the first is launched. */
    private void tryKernel(long capability) {
        try (OwnStream stream = new OwnStream();
                DeviceMemory memory = new DeviceMemory(index, Float.BYTES, "a first kernel", stream.handle())) {
            int status = Kinema.kn_elementwise_fill(memory.address(), 1, 0, Kinema.KN_F32, stream.handle());
            if (status != Kinema.KN_OK || stream.await() != Kinema.KN_OK) {
                throw new KinemaException(name + ", of compute capability " + capability / 10 + "." + capability % 10 + ", does not run these"
                    + " kernels (" + CudaLibrary.lastError() + "): build them for it with -Dkinema.cmake.args=-DKINEMA_CUDA_ARCHITECTURES="
                    + capability + ", or choose device cpu");
            }
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String description() {
        long capability = Kinema.kn_device_property(index, Kinema.KN_COMPUTE_CAPABILITY);
        return String.format("%s, compute capability %d.%d, %d multiprocessors, %,d MiB of memory",
            CudaLibrary.text(Kinema.kn_device_name(index)), capability / 10, capability % 10,
            Kinema.kn_device_property(index, Kinema.KN_MULTIPROCESSORS),
            Kinema.kn_device_property(index, Kinema.KN_MEMORY_TOTAL) >> 20);
    }

    /** What its vendor's libraries are, or why there are none. */
    @Override
    public String remark() {
        if (CudaLibrary.isEmulated()) {
            return "";
        }
        List<String> versions = VendorLibraries.versions();
        String absence = VendorLibraries.absence().orElse("");
        if (versions.isEmpty()) {
            return "--vendor auto chooses nothing: " + absence;
        }
        return "--vendor auto chooses between our kernels and " + String.join(" and ", versions) + (absence.isEmpty() ? "" : "; " + absence);
    }

    @Override
    public boolean supports(Precision precision) {
        return precision != Precision.INT8;
    }

    @Override
    public Weights newWeights() {
        use();
        return new CudaWeights(this);
    }

    @Override
    public Program compile(Graph graph, Weights weights, Compilation how) {
        if (!(weights instanceof CudaWeights own) || own.device().index != index) {
            throw new KinemaException("these weights belong to another device: copy them into device.newWeights() of " + name);
        }
        weights.require(graph);
        use();
        return new Lowering(this, how.fuse() ? Fusion.apply(graph) : graph, own, how).compile();
    }

    /** Who does products and convolutions. */
    VendorChoice vendor() {
        return vendor;
    }

    /** The number of the device. */
    int index() {
        return index;
    }

    /** In bytes, now. */
    long freeMemory() {
        long free = Kinema.kn_device_property(index, Kinema.KN_MEMORY_FREE);
        if (free < 0) {
            throw CudaLibrary.failure();
        }
        return free;
    }

    /** To be called by a thread before it talks to the device. */
    void use() {
        if (closed) {
            throw new KinemaException("the device " + name + " is closed: close it after its programs and weights");
        }
        select();
    }

    /** To be called by a thread before it gives back what it has of the device, which may be closed. */
    void select() {
        CudaLibrary.check(Kinema.kn_device_use(index));
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            vendor.close();
        }
    }
}
