package dev.kinema.device.cpu;

import dev.kinema.device.Compilation;
import dev.kinema.graph.Graph;
import java.util.ArrayList;
import java.util.List;

/**
 * The memory of what runs need of the weights alone, such as folded batch norms and reordered kernels, and for which version of the weights
 * it was made. Programs that one device compiled from one graph in one way lower alike, and share it.
 */
final class Preparation {
    /** Whose preparations are alike; graph and device by identity. A graph that has grown since is another one, hence its sizes. */
    record Key(CpuDevice device, Graph graph, int nodes, int outputs, Compilation how) {
        Key(CpuDevice device, Graph graph, Compilation how) {
            this(device, graph, graph.nodes().size(), graph.outputs().size(), how);
        }
    }

    private final List<Memory> places = new ArrayList<>();
    private long version = -1;
    private int made;
    private int users;

    /** Where the {@code i}-th storage lies; the first program to ask has it allocated. */
    synchronized long address(int i, Storage storage) {
        if (i == places.size()) {
            places.add(new Memory(storage.bytes, storage.name));
        }
        if (places.get(i).bytes() != storage.bytes) {
            throw new IllegalStateException(storage.name + " has " + storage.bytes + " bytes, but " + places.get(i).bytes()
                + " in another program of the same graph");
        }
        return places.get(i).address();
    }

    /** Has {@code prepare} run if the weights are of another version than what was prepared. */
    synchronized void update(CpuWeights weights, Runnable prepare) {
        if (version != weights.version()) {
            made++;
            prepare.run();
            version = weights.version();
        }
    }

    /** The weights changed, but none that the preparation depends on. */
    synchronized void keep() {
        version++;
    }

    /** How often it was made. */
    synchronized int made() {
        return made;
    }

    synchronized void use() {
        users++;
    }

    /** Gives memory back when the last user has left, and says whether it was the last. */
    synchronized boolean leave() {
        users--;
        if (users == 0) {
            places.forEach(Memory::close);
            places.clear();
        }
        return users == 0;
    }
}
