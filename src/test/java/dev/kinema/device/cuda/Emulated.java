package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.graph.op.Op;

/** The emulated device for tests; where the build has made none, as without a C++ compiler, they are aborted and say why. */
public final class Emulated {
    private Emulated() {}

    public static Device device() {
        try {
            return Device.open("cuda-emulated:0");
        } catch (KinemaException e) {
            assumeTrue(false, e.getMessage());
            throw e;
        }
    }

    /** Whether {@link #device} opens it. */
    public static boolean isThere() {
        return CudaLibrary.isLoaded() && CudaLibrary.isEmulated();
    }

    /** Whether the cuda device lowers the operation. */
    public static boolean has(Class<? extends Op> op) {
        return Rules.has(op);
    }
}
