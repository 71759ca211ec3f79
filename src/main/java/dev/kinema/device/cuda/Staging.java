package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Memory of the device into which inputs come for the next run while one is under way, on a stream of its own. A run begins with a copy from
 * there to where its steps read, within the device: so its CUDA graph has one place for them, and knows nothing of it.
 */
final class Staging implements AutoCloseable {
    private final Set<String> names;
    private final List<Input> inputs = new ArrayList<>();
    private long stream;
    /** That what was sent has come. */
    private long came;
    /** That a run has taken it. */
    private long taken;
    private boolean sent;

    /** @param memory as large as the buffer that steps read */
    private record Input(Buffer buffer, HostMemory host, DeviceMemory memory) {}

    /**
     * @param names of inputs; of none, nothing is made and nothing done
     * @param device the number of the device, which must be in use by this thread
     * @param compute the stream that zeroes the memory
     */
    Staging(Set<String> names, Map<String, Buffer> in, Map<String, HostMemory> hostIn, int device, long compute) {
        requireInputs(names, in);
        this.names = names;
        boolean complete = names.isEmpty();
        if (complete) {
            return;
        }
        try {
            stream = CudaLibrary.made(Kinema.kn_stream_create());
            came = CudaLibrary.made(Kinema.kn_event_create());
            taken = CudaLibrary.made(Kinema.kn_event_create());
            // in the order of the graph, so that every process makes the same calls
            in.forEach((name, buffer) -> {
                if (names.contains(name)) {
                    DeviceMemory memory = new DeviceMemory(device, buffer.bytes(), "the next '" + name + "'", compute);
                    inputs.add(new Input(buffer, hostIn.get(name), memory));
                }
            });
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    private static void requireInputs(Set<String> names, Map<String, Buffer> in) {
        for (String name : names) {
            if (!in.containsKey(name)) {
                throw new IllegalArgumentException("there is no input '" + name + "' to stage: the graph has " + in.keySet());
            }
        }
    }

    /** How much of the device's memory the inputs take here. */
    static long bytes(Set<String> names, Map<String, Buffer> in) {
        requireInputs(names, in);
        return names.stream().mapToLong(name -> in.get(name).bytes()).sum();
    }

    /** The inputs that are not staged. */
    Map<String, Buffer> others(Map<String, Buffer> in) {
        Map<String, Buffer> others = new LinkedHashMap<>(in);
        others.keySet().removeAll(names);
        return others;
    }

    boolean isEmpty() {
        return inputs.isEmpty();
    }

    /** Lets the inputs come as they are filled; they are not to be written before {@link #await}. */
    void send() {
        // the run before may still copy from here
        CudaLibrary.check(Kinema.kn_stream_wait(stream, taken));
        for (int i = 0; i < inputs.size(); i++) {
            Input input = inputs.get(i);
            CudaLibrary.check(Kinema.kn_copy_to_device(input.memory().address(), input.host().address(), input.host().bytes(), stream));
        }
        CudaLibrary.check(Kinema.kn_event_record(came, stream));
        sent = true;
    }

    /** Puts on the stream of the steps that they get what was sent; what was not sent comes now. */
    void take(long compute) {
        if (inputs.isEmpty()) {
            return;
        }
        if (!sent) {
            send();
        }
        sent = false;
        CudaLibrary.check(Kinema.kn_stream_wait(compute, came));
        for (int i = 0; i < inputs.size(); i++) {
            Input input = inputs.get(i);
            CudaLibrary.check(Kinema.kn_copy(input.buffer().address(), input.memory().address(), input.memory().bytes(), compute));
        }
        CudaLibrary.check(Kinema.kn_event_record(taken, compute));
    }

    /** Waits until what was sent last has left the host's memory; the status of the call. */
    int await() {
        return Kinema.kn_event_synchronize(came);
    }

    /** To be called before an input is asked for: what was sent counts for nothing if that is one of them. */
    void takeBack(String name) {
        if (sent && names.contains(name)) {
            forget();
        }
    }

    /** Lets what was sent count for nothing; what waiting for it reports after a failure is nothing new. */
    void forget() {
        if (stream != 0) {
            Kinema.kn_stream_synchronize(stream);
        }
        sent = false;
    }

    @Override
    public void close() {
        Release release = new Release();
        if (stream != 0) {
            // it may still read the host's memory
            release.of(Kinema.kn_stream_synchronize(stream));
        }
        inputs.forEach(i -> release.of(i.memory()::close));
        inputs.clear();
        if (came != 0) {
            release.of(Kinema.kn_event_destroy(came));
            came = 0;
        }
        if (taken != 0) {
            release.of(Kinema.kn_event_destroy(taken));
            taken = 0;
        }
        if (stream != 0) {
            release.of(Kinema.kn_stream_destroy(stream));
            stream = 0;
        }
        release.finish();
    }
}
