package dev.kinema.device.cuda;

import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Loader;

/**
 * NVIDIA's libraries, of matrix products and of convolutions, through JavaCPP's presets: all are the user's to provide, and looked for when
 * first asked for.
 */
final class VendorLibraries {
    // no method references, which would load the classes at once
    private static final Candidate<Product> PRODUCTS =
        Candidate.of("cuBLASLt", () -> CublasLt.load(), () -> CublasLt.version(), device -> new CublasLt());
    private static final Candidate<Convolution> CONVOLUTIONS =
        Candidate.of("cuDNN", () -> Cudnn.load(), () -> Cudnn.version(), device -> new Cudnn(device));
    private static final List<Candidate<?>> ALL = List.of(PRODUCTS, CONVOLUTIONS);

    private VendorLibraries() {}

    /**
     * A library that the user may have.
     *
     * @param missing why it cannot be used; null where it can be
     * @param opener makes it for the device of a number, which is in use by the thread
     */
    private record Candidate<C extends Contraction>(String name, String missing, Supplier<String> version,
        IntFunction<VendorLibrary<C>> opener) {

        /** @param load throws a LinkageError where the library is missing */
        static <C extends Contraction> Candidate<C> of(String name, Runnable load, Supplier<String> version,
                IntFunction<VendorLibrary<C>> opener) {
            return new Candidate<>(name, reason(load), version, opener);
        }

        private static String reason(Runnable load) {
            try {
                load.run();
                return null;
            } catch (LinkageError e) {
                Throwable cause = e;
                while (cause.getCause() != null && cause.getCause() != cause) {
                    cause = cause.getCause();
                }
                return String.valueOf(cause.getMessage());
            }
        }

        boolean isThere() {
            return missing == null;
        }

        VendorLibrary<C> open(int device) {
            return isThere() ? opener.apply(device) : null;
        }
    }

    /** Which libraries are missing, why the first is, and what to do about it; empty where all are there. */
    static Optional<String> absence() {
        List<Candidate<?>> missing = ALL.stream().filter(library -> !library.isThere()).toList();
        return missing.stream().findFirst().map(first -> missing.stream().map(Candidate::name).collect(Collectors.joining(" and "))
            + " cannot be loaded (" + first.missing() + "): put the jars of org.bytedeco:cuda, the one for " + Loader.getPlatform()
            + " too, on the class path, and the folders of libcudart.so.13, libcublas.so.13, libcublasLt.so.13 and libcudnn_cnn.so.9 into"
            + " LD_LIBRARY_PATH");
    }

    /** The names and versions of the libraries that are there. */
    static List<String> versions() {
        return ALL.stream().filter(Candidate::isThere).map(library -> library.version().get()).toList();
    }

    /** For the device of this number, which is in use by this thread; null where the library is missing. */
    static VendorLibrary<Product> products(int device) {
        return PRODUCTS.open(device);
    }

    /** The same. */
    static VendorLibrary<Convolution> convolutions(int device) {
        return CONVOLUTIONS.open(device);
    }
}
