package dev.kinema.device.cuda;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.Loader;

/**
 * NVIDIA's libraries, of matrix products and of convolutions, through JavaCPP's presets: all are the user's to provide, and looked for when
 * first asked for.
 */
final class VendorLibraries {
    private static final String PRODUCTS = "cuBLASLt";
    private static final String CONVOLUTIONS = "cuDNN";
    /** Why a library cannot be used, by its name; those that can be are not here. */
    private static final Map<String, String> MISSING = new LinkedHashMap<>();

    static {
        look(PRODUCTS, () -> CublasLt.load());
        look(CONVOLUTIONS, () -> Cudnn.load());
    }

    private VendorLibraries() {}

    private static void look(String name, Runnable load) {
        try {
            load.run();
        } catch (LinkageError e) {
            Throwable cause = e;
            while (cause.getCause() != null && cause.getCause() != cause) {
                cause = cause.getCause();
            }
            MISSING.put(name, String.valueOf(cause.getMessage()));
        }
    }

    /** Which libraries are missing, why the first is, and what to do about it; empty where all are there. */
    static Optional<String> absence() {
        return MISSING.isEmpty() ? Optional.empty() : Optional.of(String.join(" and ", MISSING.keySet()) + " cannot be loaded ("
            + MISSING.values().iterator().next() + "): put the jars of org.bytedeco:cuda, the one for " + Loader.getPlatform()
            + " too, on the class path, and the folders of libcudart.so.13, libcublas.so.13, libcublasLt.so.13 and libcudnn_cnn.so.9 into"
            + " LD_LIBRARY_PATH");
    }

    /** The names and versions of the libraries that are there. */
    static List<String> versions() {
        List<String> versions = new ArrayList<>();
        if (!MISSING.containsKey(PRODUCTS)) {
            versions.add(CublasLt.version());
        }
        if (!MISSING.containsKey(CONVOLUTIONS)) {
            versions.add(Cudnn.version());
        }
        return versions;
    }

    /** For the device that is in use by this thread; null where the library is missing. */
    static VendorLibrary<Product> products() {
        return MISSING.containsKey(PRODUCTS) ? null : new CublasLt();
    }

    /** For the device of this number, which is in use by this thread; null where the library is missing. */
    static VendorLibrary<Convolution> convolutions(int device) {
        return MISSING.containsKey(CONVOLUTIONS) ? null : new Cudnn(device);
    }
}
