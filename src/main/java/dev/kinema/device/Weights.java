package dev.kinema.device;

import dev.kinema.KinemaException;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Type;
import dev.kinema.graph.op.Variable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Named parameters and state on one device: weights, batch norm statistics, queues, moments, counters. Shared by programs, savable between
 * runs. Not for concurrent change: programs that write variables run one at a time.
 */
public abstract class Weights implements AutoCloseable {
    private static final int CLOSED = -1;
    /** How many runs of programs and copies use the memory; {@link #CLOSED} when none may any more. */
    private final AtomicInteger uses = new AtomicInteger();
    private final Map<String, Type> types = new LinkedHashMap<>();
    private long version;

    /** Names in order of first use. */
    public final Set<String> names() {
        return Collections.unmodifiableSet(types.keySet());
    }

    public final boolean has(String name) {
        return types.containsKey(name);
    }

    /** @throws KinemaException if there is no such variable */
    public final Type type(String name) {
        Type type = types.get(name);
        if (type == null) {
            throw new KinemaException("the weights hold no '" + name + "': they have " + types.size() + " entries");
        }
        return type;
    }

    /** Creates what the graph declares and these weights lack, drawn from (seed, name); what is there stays. */
    public final void initialize(Graph graph, long seed) {
        long most = graph.declarations().stream().filter(v -> !has(v.name())).mapToLong(v -> v.type().bytes()).max().orElse(0);
        // one for all: arrays of their own would lie between the weights in native memory, which keeps the holes that they leave
        ByteBuffer room = ByteBuffer.allocateDirect((int) Math.min(most, Integer.MAX_VALUE));
        for (Variable v : graph.declarations()) {
            if (has(v.name())) {
                checkType(v);
                continue;
            }
            int bytes = (int) Math.min(v.type().bytes(), room.capacity());
            HostArray array = HostArray.wrap(v.type().dtype(), v.type().shape(), room.slice(0, bytes));
            Philox random = Philox.named(seed, v.name());
            for (int i = 0; i < array.elements(); i++) {
                array.set(i, v.initializer().element(random, i));
            }
            put(v.name(), array);
        }
    }

    /**
     * Sets a variable, creating it where there is none; one created from any floating type is F32, as graphs declare them.
     *
     * @throws KinemaException if it exists with another shape or a type that the value cannot be converted to, or after {@link #close}
     */
    public final void put(String name, HostArray value) {
        acquire();
        try {
            set(name, value);
        } finally {
            release();
        }
    }

    private void set(String name, HostArray value) {
        Type existing = types.get(name);
        if (existing == null) {
            Type type = value.dtype().isFloating() ? Type.f32(value.shape()) : value.type();
            allocate(name, type);
            types.put(name, type);
        } else if (!existing.shape().equals(value.shape()) || existing.dtype().isFloating() != value.dtype().isFloating()) {
            throw new KinemaException("'" + name + "' is " + existing + " and cannot take " + value.type());
        }
        write(name, value);
        version++;
    }

    /**
     * A copy of a variable.
     *
     * @throws KinemaException if there is no such variable, or after {@link #close}
     */
    public final HostArray get(String name) {
        type(name);
        acquire();
        try {
            return read(name);
        } finally {
            release();
        }
    }

    /** Throws, naming what is missing or of another type, unless every variable of the graph is here. */
    public final void require(Graph graph) {
        List<String> missing = new ArrayList<>();
        for (Variable v : graph.declarations()) {
            if (!has(v.name())) {
                missing.add(v.name());
            } else {
                checkType(v);
            }
        }
        if (!missing.isEmpty()) {
            throw new KinemaException("the weights lack " + missing.size() + " of the graph's variables, first '" + missing.get(0)
                + "': load them, or initialize them from a seed");
        }
    }

    private void checkType(Variable v) {
        if (!type(v.name()).equals(v.type())) {
            throw new KinemaException("'" + v.name() + "' is " + type(v.name()) + " in the weights and " + v.type() + " in the graph");
        }
    }

    /** Changes whenever a variable may have changed; programs redo what they derived from the weights when it has. */
    public final long version() {
        return version;
    }

    /** To be called by a program that wrote variables. */
    public final void changed() {
        version++;
    }

    /**
     * To be called by a program before it uses the memory, and {@link #release} after it: meanwhile these weights cannot be closed.
     *
     * @throws KinemaException after {@link #close}
     */
    public final void acquire() {
        if (uses.getAndUpdate(n -> n == CLOSED ? n : n + 1) == CLOSED) {
            throw closed();
        }
    }

    /** To be called by a program when it does not use the memory any more that it has acquired. */
    public final void release() {
        uses.decrementAndGet();
    }

    /** @throws KinemaException after {@link #close} */
    protected final void checkOpen() {
        if (uses.get() == CLOSED) {
            throw closed();
        }
    }

    private static KinemaException closed() {
        return new KinemaException("the weights are closed: close them after their programs");
    }

    protected abstract void allocate(String name, Type type);

    protected abstract void write(String name, HostArray value);

    protected abstract HostArray read(String name);

    /** Gives the memory back: once, when nothing uses it. */
    protected abstract void free();

    /** @throws KinemaException if a program runs on them, or another thread copies them */
    @Override
    public final void close() {
        int now = uses.compareAndExchange(0, CLOSED);
        if (now == CLOSED) {
            return;
        }
        if (now != 0) {
            throw new KinemaException("the weights are in use by a program that runs: close them when the run is done");
        }
        free();
    }
}
