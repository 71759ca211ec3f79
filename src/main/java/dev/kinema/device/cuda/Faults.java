package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;
import java.util.function.IntFunction;

/** The words in which kernels say that an index or a label is none: cleared before a run, looked at after it. */
final class Faults implements AutoCloseable {
    private static final String WHAT = "what a program's kernels find wrong";
    private final List<Word> words;
    /** Null where there is no word. */
    private final DeviceMemory memory;
    private final HostMemory host;

    /**
     * @param node whose kernels write it
     * @param storage one I64, which has no other place than here
     * @param message what is wrong with the number that a kernel met, and the remedy
     */
    record Word(Node node, Storage storage, IntFunction<String> message) {}

    /**
     * @param device the number of the device, which must be in use by this thread
     * @param stream that zeroes the words
     */
    Faults(int device, List<Word> words, long stream) {
        this.words = words;
        if (words.isEmpty()) {
            memory = null;
            host = null;
            return;
        }
        memory = new DeviceMemory(device, bytes(words), WHAT, stream);
        host = hostBeside(memory, words.size());
        for (int i = 0; i < words.size(); i++) {
            words.get(i).storage().place(memory.address() + (long) i * Long.BYTES);
        }
    }

    /** How much of the device's memory the words take. */
    static long bytes(List<Word> words) {
        return (long) words.size() * Long.BYTES;
    }

    private static HostMemory hostBeside(DeviceMemory memory, int words) {
        boolean complete = false;
        try {
            HostMemory host = new HostMemory(new Type(DType.I64, Shape.of(words)), WHAT);
            complete = true;
            return host;
        } finally {
            if (!complete) {
                memory.close();
            }
        }
    }

    /** Puts on the stream that the words are cleared. */
    void clear(long stream) {
        if (memory != null) {
            CudaLibrary.check(Kinema.kn_memory_set(memory.address(), 0, memory.bytes(), stream));
        }
    }

    /** Puts on the stream that the words are copied to the host. */
    void fetch(long stream) {
        if (memory != null) {
            CudaLibrary.check(Kinema.kn_copy_to_host(host.address(), memory.address(), host.bytes(), stream));
        }
    }

    /** Throws for the first word that is set, in the order of steps; what was fetched must have arrived. */
    void check() {
        for (int i = 0; i < words.size(); i++) {
            long value = host.array().getLong(i);
            if (value != 0) {
                throw Lowering.at(words.get(i).node(), words.get(i).message().apply((int) value), null);
            }
        }
    }

    @Override
    public void close() {
        if (memory != null) {
            Release release = new Release();
            release.of(memory::close);
            release.of(host::close);
            release.finish();
        }
    }
}
