package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.Type;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** Weights in device memory, stored as they are typed; their addresses never change. */
final class CudaWeights extends Weights {
    private static final int CLOSED = -1;
    private final CudaDevice device;
    private final Map<String, DeviceMemory> memory = new HashMap<>();
    private final OwnStream stream;
    /** How many runs of programs and copies use the memory; {@link #CLOSED} when none may any more. */
    private final AtomicInteger uses = new AtomicInteger();

    /** @param device in use by this thread */
    CudaWeights(CudaDevice device) {
        this.device = device;
        stream = new OwnStream();
    }

    @Override
    protected void allocate(String name, Type type) {
        checkOpen();
        device.use();
        memory.put(name, new DeviceMemory(device.index(), type.bytes(), "'" + name + "'", stream.handle()));
    }

    @Override
    protected void write(String name, HostArray value) {
        enter();
        try {
            copyIn(name, value);
        } finally {
            leave();
        }
    }

    private void copyIn(String name, HostArray value) {
        device.use();
        try (HostMemory host = new HostMemory(type(name), name)) {
            host.array().put(value);
            CudaLibrary.check(Kinema.kn_copy_to_device(address(name), host.address(), host.bytes(), stream.handle()));
            CudaLibrary.check(stream.await());
        }
    }

    @Override
    protected HostArray read(String name) {
        enter();
        try {
            return copyOut(name);
        } finally {
            leave();
        }
    }

    private HostArray copyOut(String name) {
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

    /**
     * To be called before the memory is used, and {@link #leave} after it: meanwhile the weights cannot be closed.
     *
     * @throws KinemaException after {@link #close}
     */
    void enter() {
        if (uses.getAndUpdate(n -> n == CLOSED ? n : n + 1) == CLOSED) {
            throw closed();
        }
    }

    void leave() {
        uses.decrementAndGet();
    }

    private void checkOpen() {
        if (uses.get() == CLOSED) {
            throw closed();
        }
    }

    private static KinemaException closed() {
        return new KinemaException("the weights are closed: close them after their programs");
    }

    /** @throws KinemaException if a program runs on them, or another thread copies them */
    @Override
    public void close() {
        int now = uses.compareAndExchange(0, CLOSED);
        if (now == CLOSED) {
            return;
        }
        if (now != 0) {
            throw new KinemaException("the weights are in use by a program that runs: close them when the run is done");
        }
        Release release = new Release();
        release.of(device::select);
        memory.values().forEach(m -> release.of(m::close));
        memory.clear();
        release.of(stream::close);
        release.finish();
    }
}
