package dev.kinema.device.cuda;

import java.util.Optional;
import org.bytedeco.javacpp.Loader;

/** NVIDIA's library of matrix products, through JavaCPP's presets: both are the user's to provide, and looked for when first asked for. */
final class VendorLibrary {
    /** Why it cannot be used; null where it can. */
    private static final String ABSENCE = load();

    private VendorLibrary() {}

    private static String load() {
        try {
            CublasLt.load();
            return null;
        } catch (LinkageError e) {
            Throwable cause = e;
            while (cause.getCause() != null && cause.getCause() != cause) {
                cause = cause.getCause();
            }
            return "cuBLASLt cannot be loaded (" + cause.getMessage() + "): put the jars of org.bytedeco:cuda, the one for "
                + Loader.getPlatform() + " too, on the class path, and the folders of libcudart.so.13, libcublas.so.13 and"
                + " libcublasLt.so.13 into LD_LIBRARY_PATH";
        }
    }

    /** Why the library is missing, and what to do about it; empty where it is there. */
    static Optional<String> absence() {
        return Optional.ofNullable(ABSENCE);
    }

    /** The library's name and version, where it is there. */
    static String version() {
        return CublasLt.version();
    }

    /** For the device that is in use by this thread, where the library is there. */
    static ProductLibrary open() {
        return new CublasLt();
    }
}
