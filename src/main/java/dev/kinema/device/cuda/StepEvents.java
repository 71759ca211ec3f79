package dev.kinema.device.cuda;

import dev.kinema.device.StepClock;
import dev.kinema.device.cuda.binding.Kinema;

/** Events between the steps of a run, which tell when each began and ended on the device. */
final class StepEvents implements AutoCloseable {
    private static final double NANOS_PER_MILLI = 1e6;
    private final long[] events;
    private long end;

    StepEvents(int steps) {
        events = new long[steps + 1];
        boolean complete = false;
        try {
            for (int i = 0; i < events.length; i++) {
                events[i] = CudaLibrary.made(Kinema.kn_event_create());
            }
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    /** Marks where a step begins, and the one before it ends; the last mark is the end of all. */
    void mark(int step, long stream) {
        CudaLibrary.check(Kinema.kn_event_record(events[step], stream));
    }

    /** Waits for the last mark; the status of the call. */
    int await() {
        int status = Kinema.kn_event_synchronize(events[events.length - 1]);
        end = System.nanoTime();
        return status;
    }

    /**
     * Tells the clock, after {@link #await}. The times are the device's, set against the host's where the host sees the last step end, some
     * microseconds late.
     */
    void tell(StepClock clock) {
        long ended = end;
        for (int i = events.length - 2; i >= 0; i--) {
            float millis = Kinema.kn_event_elapsed(events[i], events[i + 1]);
            if (millis < 0) {
                throw CudaLibrary.failure();
            }
            long begun = ended - (long) (millis * NANOS_PER_MILLI);
            clock.record(i, begun, ended);
            ended = begun;
        }
    }

    @Override
    public void close() {
        Release release = new Release();
        for (int i = 0; i < events.length; i++) {
            if (events[i] != 0) {
                release.of(Kinema.kn_event_destroy(events[i]));
                events[i] = 0;
            }
        }
        release.finish();
    }
}
