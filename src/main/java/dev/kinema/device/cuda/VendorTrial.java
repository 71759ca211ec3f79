package dev.kinema.device.cuda;

import java.util.Arrays;

/**
 * Times products and convolutions on the device, by events, over memory of its own. The operands are zeros, with which a device may clock
 * higher than with others; both sides have the same.
 */
final class VendorTrial implements VendorChoice.Stopwatch {
    private static final int WARM_UP = 2;
    private static final int SAMPLES = 5;
    /** Launches in a sample, so that the device has the next one when one is done. */
    private static final int IN_A_SAMPLE = 8;

    private final int device;

    VendorTrial(int device) {
        this.device = device;
    }

    /** The median of the samples, for one. */
    @Override
    public double millis(Contraction c, VendorLibrary.Way way) {
        long workspace = way == null ? c.workspaceBytes() : way.workspaceBytes();
        try (OwnStream own = new OwnStream(); DeviceMemory y = memory(c, c.bytesOfY(), own); DeviceMemory a = memory(c, c.bytesOfA(), own);
            DeviceMemory b = memory(c, c.bytesOfB(), own); DeviceMemory bias = memory(c, c.bytesOfBias(), own);
            DeviceMemory added = memory(c, c.bytesOfAdded(), own); DeviceMemory passing = memory(c, workspace, own);
            StepEvents events = new StepEvents(1)) {
            long stream = own.handle();
            long biasAt = c.bytesOfBias() == 0 ? 0 : bias.address();
            long addedAt = c.bytesOfAdded() == 0 ? 0 : added.address();
            return median(events, stream, () -> {
                if (way == null) {
                    CudaLibrary.check(c.run(y.address(), a.address(), b.address(), biasAt, addedAt, passing.address(), stream));
                } else {
                    way.launch(y.address(), a.address(), b.address(), biasAt, addedAt, passing.address(), stream);
                }
            });
        }
    }

    /** At least a byte, as an allocation of none has no address. */
    private DeviceMemory memory(Contraction contraction, long bytes, OwnStream stream) {
        return new DeviceMemory(device, Math.max(1, bytes), "the trial of " + contraction, stream.handle());
    }

    private static double median(StepEvents events, long stream, Runnable launch) {
        for (int i = 0; i < WARM_UP; i++) {
            launch.run();
        }
        double[] samples = new double[SAMPLES];
        for (int s = 0; s < SAMPLES; s++) {
            events.mark(0, stream);
            for (int i = 0; i < IN_A_SAMPLE; i++) {
                launch.run();
            }
            events.mark(1, stream);
            CudaLibrary.check(events.await());
            samples[s] = events.millis(0) / IN_A_SAMPLE;
        }
        Arrays.sort(samples);
        return samples[SAMPLES / 2];
    }
}
