package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import java.util.Arrays;

/**
 * Times products on the device, by events, over memory of its own. The operands are zeros, with which a device may clock higher than with
 * others; both sides have the same.
 */
final class ProductTrial implements ProductChoice.Stopwatch {
    private static final int WARM_UP = 2;
    private static final int SAMPLES = 5;
    /** Products in a sample, so that the device has the next one when one is done. */
    private static final int IN_A_SAMPLE = 8;

    private final int device;

    ProductTrial(int device) {
        this.device = device;
    }

    /** The median of the samples, for one product. */
    @Override
    public double millis(Product p, ProductLibrary.Way way) {
        long workspace = way == null ? 0 : way.workspaceBytes();
        try (OwnStream own = new OwnStream(); DeviceMemory y = memory(p, p.bytesOfY(), own); DeviceMemory a = memory(p, p.bytesOfA(), own);
            DeviceMemory b = memory(p, p.bytesOfB(), own); DeviceMemory bias = memory(p, p.bytesOfBias(), own);
            DeviceMemory passing = memory(p, workspace, own); StepEvents events = new StepEvents(1)) {
            long stream = own.handle();
            return median(events, stream, () -> {
                if (way == null) {
                    CudaLibrary.check(p.multiply(y.address(), a.address(), b.address(), p.biased() ? bias.address() : 0, stream));
                } else {
                    way.launch(y.address(), a.address(), b.address(), p.biased() ? bias.address() : 0, passing.address(), stream);
                }
            });
        }
    }

    /** At least a byte, as an allocation of none has no address. */
    private DeviceMemory memory(Product product, long bytes, OwnStream stream) {
        return new DeviceMemory(device, Math.max(1, bytes), "the trial of " + product, stream.handle());
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
