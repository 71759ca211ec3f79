package dev.kinema.device.cuda;

import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.Type;
import java.util.HashMap;
import java.util.Map;

/** Weights in device memory, stored as they are typed; their addresses never change. */
final class CudaWeights extends Weights {
    private final CudaDevice device;
    private final Map<String, DeviceMemory> memory = new HashMap<>();
    private final OwnStream stream;

    /** @param device in use by this thread */
    CudaWeights(CudaDevice device) {
        this.device = device;
        stream = new OwnStream();
    }

    @Override
    protected void allocate(String name, Type type) {
        device.use();
        memory.put(name, new DeviceMemory(device.index(), type.bytes(), "'" + name + "'", stream.handle()));
    }

    @Override
    protected void write(String name, HostArray value) {
        device.use();
        try (HostMemory host = new HostMemory(type(name), name)) {
            host.array().put(value);
            CudaLibrary.check(Kinema.kn_copy_to_device(address(name), host.address(), host.bytes(), stream.handle()));
            CudaLibrary.check(stream.await());
        }
    }

    @Override
    protected HostArray read(String name) {
        device.use();
        try (HostMemory host = new HostMemory(type(name), name)) {
            CudaLibrary.check(Kinema.kn_copy_to_host(host.address(), address(name), host.bytes(), stream.handle()));
            CudaLibrary.check(stream.await());
            return host.array().copy();
        }
    }

    CudaDevice device() {
        return device;
    }

    long address(String name) {
        checkOpen();
        return memory.get(name).address();
    }

    @Override
    protected void free() {
        Release release = new Release();
        release.of(device::select);
        memory.values().forEach(m -> release.of(m::close));
        memory.clear();
        release.of(stream::close);
        release.finish();
    }
}
