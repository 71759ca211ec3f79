package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The copies of a program's inputs and outputs, on a stream of their own, so that they run beside kernels which do not need them: an input
 * is waited for by the first step that reads it, an output leaves after the last step that writes it. The memory of the host is pinned, as
 * copies would else not be asynchronous.
 */
final class Transfers implements AutoCloseable {
    private final long compute;
    private long stream;
    private final long begun;
    private final long done;
    private final List<Transfer> in;
    private final List<Transfer> out;
    private final List<Long> events = new ArrayList<>();
    private int waitedFor;

    /** @param step before which an input must have come, or after which an output can go */
    private record Transfer(Buffer buffer, HostMemory host, int step, long event) {}

    /**
     * @param compute the stream of the steps
     * @param steps what each run does; inputs that no step reads are not copied
     */
    Transfers(long compute, List<Step> steps, Map<String, Buffer> in, Map<String, HostMemory> hostIn, Map<String, Buffer> out,
            Map<String, HostMemory> hostOut) {
        this.compute = compute;
        boolean complete = false;
        try {
            stream = CudaLibrary.made(Kinema.kn_stream_create());
            begun = event();
            done = event();
            this.in = transfers(in, hostIn, steps, true);
            this.out = transfers(out, hostOut, steps, false);
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    private long event() {
        long event = CudaLibrary.made(Kinema.kn_event_create());
        events.add(event);
        return event;
    }

    /** In the order in which they are needed, or ready. */
    private List<Transfer> transfers(Map<String, Buffer> buffers, Map<String, HostMemory> hosts, List<Step> steps, boolean first) {
        List<Transfer> transfers = new ArrayList<>();
        buffers.forEach((name, buffer) -> {
            int step = first ? firstUse(buffer.storage(), steps) : lastWrite(buffer.storage(), steps);
            if (step < steps.size()) {
                transfers.add(new Transfer(buffer, hosts.get(name), step, event()));
            }
        });
        transfers.sort((a, b) -> Integer.compare(a.step(), b.step()));
        return List.copyOf(transfers);
    }

    private static int firstUse(Storage storage, List<Step> steps) {
        for (int i = 0; i < steps.size(); i++) {
            if (uses(steps.get(i).reads(), storage) || uses(steps.get(i).writes(), storage)) {
                return i;
            }
        }
        return steps.size();
    }

    private static int lastWrite(Storage storage, List<Step> steps) {
        for (int i = steps.size() - 1; i >= 0; i--) {
            if (uses(steps.get(i).writes(), storage)) {
                return i;
            }
        }
        return -1;
    }

    private static boolean uses(List<Buffer> buffers, Storage storage) {
        for (Buffer buffer : buffers) {
            if (buffer.storage() == storage) {
                return true;
            }
        }
        return false;
    }

    /** Lets the inputs come. */
    void begin() {
        waitedFor = 0;
        // what the run before put on the stream of the steps still reads the inputs; and a capture spreads to another stream by such a wait
        CudaLibrary.check(Kinema.kn_event_record(begun, compute));
        CudaLibrary.check(Kinema.kn_stream_wait(stream, begun));
        for (int i = 0; i < in.size(); i++) {
            Transfer t = in.get(i);
            CudaLibrary.check(Kinema.kn_copy_to_device(t.buffer().address(), t.host().address(), t.host().bytes(), stream));
            CudaLibrary.check(Kinema.kn_event_record(t.event(), stream));
        }
        send(-1);
    }

    /** Lets the step that is put on its stream next wait for its inputs. */
    void before(int step) {
        while (waitedFor < in.size() && in.get(waitedFor).step() <= step) {
            CudaLibrary.check(Kinema.kn_stream_wait(compute, in.get(waitedFor).event()));
            waitedFor++;
        }
    }

    /** Lets the outputs go that the step, which has just been put on its stream, was the last to write. */
    void after(int step) {
        send(step);
    }

    private void send(int step) {
        for (int i = 0; i < out.size(); i++) {
            Transfer t = out.get(i);
            if (t.step() == step) {
                CudaLibrary.check(Kinema.kn_event_record(t.event(), compute));
                CudaLibrary.check(Kinema.kn_stream_wait(stream, t.event()));
                CudaLibrary.check(Kinema.kn_copy_to_host(t.host().address(), t.buffer().address(), t.host().bytes(), stream));
            }
        }
    }

    /** Lets who waits for the stream of the steps wait for the copies, too. */
    void end() {
        CudaLibrary.check(Kinema.kn_event_record(done, stream));
        CudaLibrary.check(Kinema.kn_stream_wait(compute, done));
    }

    /**
     * Waits for both streams after a run that failed, as copies that are on their way use the memory of the host. What the waiting reports is
     * nothing new.
     */
    void settle() {
        Kinema.kn_stream_synchronize(stream);
        Kinema.kn_stream_synchronize(compute);
    }

    @Override
    public void close() {
        Release release = new Release();
        events.forEach(e -> release.of(Kinema.kn_event_destroy(e)));
        events.clear();
        if (stream != 0) {
            release.of(Kinema.kn_stream_destroy(stream));
            stream = 0;
        }
        release.finish();
    }
}
