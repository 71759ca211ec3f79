package dev.kinema.device.cpu;

import dev.kinema.device.HostArray;
import dev.kinema.device.Weights;
import dev.kinema.graph.Type;
import java.util.HashMap;
import java.util.Map;

/** Weights in native memory, stored as they are typed; their addresses never change. */
final class CpuWeights extends Weights {
    private final Map<String, Memory> memory = new HashMap<>();
    private final Map<Preparation.Key, Preparation> preparations = new HashMap<>();

    @Override
    protected void allocate(String name, Type type) {
        memory.put(name, new Memory(type.bytes(), "'" + name + "'"));
    }

    @Override
    protected void write(String name, HostArray value) {
        view(name).put(value);
    }

    @Override
    protected HostArray read(String name) {
        return view(name).copy();
    }

    long address(String name) {
        checkOpen();
        return memory.get(name).address();
    }

    private HostArray view(String name) {
        Type type = type(name);
        return HostArray.wrap(type.dtype(), type.shape(), Memory.view(address(name), type.bytes()));
    }

    /** The preparation that programs of a kind share, to be {@linkplain #leave left}. */
    synchronized Preparation shared(Preparation.Key key) {
        Preparation preparation = preparations.computeIfAbsent(key, k -> new Preparation());
        preparation.use();
        return preparation;
    }

    synchronized void leave(Preparation preparation) {
        if (preparation.leave()) {
            preparations.values().remove(preparation);
        }
    }

    @Override
    protected void free() {
        memory.values().forEach(Memory::close);
        memory.clear();
    }
}
