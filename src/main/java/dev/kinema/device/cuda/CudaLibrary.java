package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.cuda.binding.Kinema;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;

/** The native library of the kernels: loaded once, held to be the one that belongs to these classes. */
final class CudaLibrary {
    /** Why it cannot be used; null where it can. */
    private static final KinemaException FAILURE = load();

    private CudaLibrary() {}

    private static KinemaException load() {
        try {
            Loader.load(Kinema.class);
            return mismatch();
        } catch (LinkageError e) {
            Throwable cause = e;
            while (cause.getCause() != null && cause.getCause() != cause) {
                cause = cause.getCause();
            }
            return new KinemaException("the library of CUDA kernels for " + Loader.getPlatform() + " cannot be loaded (" + cause.getMessage()
                + "): build it where nvcc is found (mvn verify), or put the jar kinema-<version>-" + Loader.getPlatform()
                + ".jar on the class path", e);
        }
    }

    /** A cache of unpacked libraries may hold one of another build, whose kernels are not those that were tested. */
    private static KinemaException mismatch() {
        String remedy = ": empty the folder that -Dorg.bytedeco.javacpp.cachedir names (KINEMA_CACHE for the launcher), and build again";
        if (Kinema.kn_abi_version() != Kinema.KN_ABI_VERSION) {
            return new KinemaException("the library of CUDA kernels has interface " + Kinema.kn_abi_version() + ", these classes need "
                + Kinema.KN_ABI_VERSION + remedy);
        }
        String folder = Loader.getPlatform() + (Kinema.kn_is_emulated() == 1 ? "-emulated" : "");
        try (InputStream in = Kinema.class.getResourceAsStream(folder + "/build-id")) {
            if (in == null) {
                return new KinemaException("there is no " + folder + "/build-id beside the library of CUDA kernels" + remedy);
            }
            String expected = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
            String found = text(Kinema.kn_build_id());
            return expected.equals(found) ? null : new KinemaException("the library of CUDA kernels that was loaded is of build " + found
                + ", the one on the class path of build " + expected + remedy);
        } catch (IOException e) {
            return new KinemaException("the build id of the CUDA kernels cannot be read (" + e.getMessage() + ")" + remedy, e);
        }
    }

    static boolean isLoaded() {
        return FAILURE == null;
    }

    /** @throws KinemaException if the library cannot be used */
    static void require() {
        if (FAILURE != null) {
            throw new KinemaException(FAILURE.getMessage(), FAILURE);
        }
    }

    static boolean isEmulated() {
        return Kinema.kn_is_emulated() == 1;
    }

    /** What was wrong with this thread's last call that failed. */
    static String lastError() {
        return text(Kinema.kn_last_error());
    }

    /** @throws KinemaException if {@code status} is an error */
    static void check(int status) {
        if (status != Kinema.KN_OK) {
            throw failure();
        }
    }

    /** @throws KinemaException if {@code handle} is none */
    static long made(long handle) {
        if (handle == 0) {
            throw failure();
        }
        return handle;
    }

    /** What was wrong with this thread's last call that failed, as an error. */
    static KinemaException failure() {
        return new KinemaException("the CUDA device reports: " + lastError());
    }

    static String text(BytePointer bytes) {
        return bytes == null ? "" : bytes.getString(StandardCharsets.UTF_8);
    }
}
