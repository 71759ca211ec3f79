package dev.kinema.device.cuda;

import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.RingEnqueue;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Copies in BF16 of rings that are variables in F32, for programs that read a ring in BF16 and put rows into it. A copy is made when weights
 * have changed from outside; after that the steps that put rows into the ring put them into the copy, too. To convert the whole ring in each
 * run would read and write, of a queue of 65,536 keys of 128 numbers, 50 MB.
 */
final class RingCopies {
    /** Names of the variables that nothing but {@link RingEnqueue} writes. */
    private final Set<String> rings = new HashSet<>();
    /** The copy of a ring; null where nothing has asked for it yet. */
    private final Map<Storage, Storage> copies = new HashMap<>();

    /** For a program of these nodes. */
    RingCopies(Collection<Node> nodes) {
        Set<String> others = new HashSet<>();
        for (Node node : nodes) {
            for (int i : node.op().writes()) {
                (node.op() instanceof RingEnqueue && i == 0 ? rings : others).add(Graph.variableOf(node.input(i)));
            }
        }
        rings.removeAll(others);
    }

    /** Lets the variable have a copy if it is a ring. */
    void offer(String variable, Buffer buffer) {
        if (rings.contains(variable) && buffer.dtype() == DType.F32) {
            copies.put(buffer.storage(), null);
        }
    }

    /** Whether the buffer is of a ring that can have a copy. */
    boolean has(Buffer buffer) {
        return copies.containsKey(buffer.storage());
    }

    /** What stands for the buffer, of a ring that {@link #has} a copy, in BF16. */
    Buffer of(Lowering l, Buffer ring) {
        Storage copy = copies.get(ring.storage());
        if (copy != null) {
            return new Buffer(copy, ring.shape(), DType.BF16);
        }
        copy = new Storage(ring.storage().name + "'", ring.elements() * DType.BF16.bytes(), Storage.Home.HELD);
        copy.kept = true;
        copies.put(ring.storage(), copy);
        Buffer made = new Buffer(copy, ring.shape(), DType.BF16);
        Elementwise.convert(l, ring, made);
        return made;
    }

    /** The copy into which rows have to be put that are put into the ring; null where there is none, and then there will be none. */
    Buffer toWrite(Buffer ring) {
        Storage copy = copies.get(ring.storage());
        if (copy == null) {
            copies.remove(ring.storage());
            return null;
        }
        return new Buffer(copy, ring.shape(), DType.BF16);
    }
}
