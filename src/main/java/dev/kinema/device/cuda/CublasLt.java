package dev.kinema.device.cuda;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_DEFAULT;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_GELU;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_RELU;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_NOT_SUPPORTED;
import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_SUCCESS;

import dev.kinema.KinemaException;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * Matrix products by cuBLASLt. It calls only functions that every cuBLASLt of CUDA 13 has, since calling one that a library lacks ends the
 * process. Sums are in F32, those of parts too, and never in TF32. Nothing here is loaded before {@link #load} has succeeded.
 */
final class CublasLt implements VendorLibrary<Product> {
    static final String NAME = "cublaslt";
    /** What a way may need in passing, as NVIDIA advises for Hopper. */
    private static final long WORKSPACE_BYTES = 32L << 20;

    private final cublasLtContext handle = new cublasLtContext();
    private final List<CublasLtProduct> ways = new ArrayList<>();
    private boolean closed;

    /** For the device that is in use by this thread. */
    CublasLt() {
        check("cublasLtCreate", cublas.cublasLtCreate(handle));
    }

    /** @throws LinkageError if the presets or NVIDIA's libraries are missing, or there is no driver */
    static void load() {
        Loader.load(cublas.class);
    }

    static String version() {
        long version = cublas.cublasLtGetVersion();
        return "cuBLASLt " + version / 10_000 + "." + version / 100 % 100 + "." + version % 100;
    }

    @Override
    public String name() {
        return NAME;
    }

    /** The epilogue that does what follows the sums, if there is one. */
    static OptionalInt epilogue(Product p) {
        int bias = p.biased() ? CUBLASLT_EPILOGUE_BIAS : 0;
        return switch (p.activation()) {
            case Kinema.KN_ACTIVATION_NONE -> OptionalInt.of(p.biased() ? bias : CUBLASLT_EPILOGUE_DEFAULT);
            case Kinema.KN_ACTIVATION_RELU -> OptionalInt.of(CUBLASLT_EPILOGUE_RELU | bias);
            // its GELU is the one by tanh
            case Kinema.KN_ACTIVATION_GELU_TANH -> OptionalInt.of(CUBLASLT_EPILOGUE_GELU | bias);
            default -> OptionalInt.empty();
        };
    }

    /** What it need not be asked; null where it is to be asked. */
    static String refusal(Product p) {
        if (Math.min(Math.min(p.batch(), p.m()), Math.min(p.n(), p.k())) == 0) {
            return "it is empty";
        }
        if (p.batch() > Integer.MAX_VALUE) {
            return "the batch is larger than an int";
        }
        if (epilogue(p).isEmpty()) {
            return "it has no GELU by erf";
        }
        // the bias is in the type of the result, but for results of 8 bits
        return p.biased() && p.result() != DType.F32 ? "a result in " + p.result() + " with a bias in F32" : null;
    }

    @Override
    public synchronized Offer offer(Product product) {
        String refusal = refusal(product);
        if (refusal != null) {
            return Offer.refusal(refusal);
        }
        CublasLtProduct way = new CublasLtProduct(handle, product, epilogue(product).getAsInt());
        boolean complete = false;
        try {
            Offer offer = ask(way);
            complete = offer.way() != null;
            return offer;
        } finally {
            if (complete) {
                ways.add(way);
            } else {
                way.close();
            }
        }
    }

    private Offer ask(CublasLtProduct way) {
        cublasLtMatmulPreferenceOpaque_t preference = preference();
        try (IntPointer found = new IntPointer(1)) {
            cublasLtMatmulHeuristicResult_t result = new cublasLtMatmulHeuristicResult_t();
            found.put(0);
            int status = way.ask(preference, result, found);
            if (status != CUBLAS_STATUS_SUCCESS || found.get() == 0) {
                result.close();
                boolean plain = status == CUBLAS_STATUS_SUCCESS || status == CUBLAS_STATUS_NOT_SUPPORTED;
                return Offer.refusal("it knows no algorithm" + (plain ? "" : ", status " + status + " of cublasStatus_t"));
            }
            way.take(result);
            return Offer.of(way);
        } finally {
            check("cublasLtMatmulPreferenceDestroy", cublas.cublasLtMatmulPreferenceDestroy(preference));
        }
    }

    private static cublasLtMatmulPreferenceOpaque_t preference() {
        try (PointerPointer<Pointer> made = new PointerPointer<>(1); LongPointer bytes = new LongPointer(1);
            IntPointer word = new IntPointer(1)) {
            check("cublasLtMatmulPreferenceCreate", cublas.cublasLtMatmulPreferenceCreate(made));
            cublasLtMatmulPreferenceOpaque_t preference = new cublasLtMatmulPreferenceOpaque_t(made.get());
            set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, bytes.put(WORKSPACE_BYTES), Long.BYTES);
            set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, word.put(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE), Integer.BYTES);
            for (int operand : new int[] {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
                set(preference, operand, word.put((int) MemoryPlan.ALIGNMENT), Integer.BYTES);
            }
            return preference;
        }
    }

    private static void set(cublasLtMatmulPreferenceOpaque_t preference, int what, Pointer value, long bytes) {
        check("cublasLtMatmulPreferenceSetAttribute", cublas.cublasLtMatmulPreferenceSetAttribute(preference, what, value, bytes));
    }

    /** @throws KinemaException if a call failed */
    static void check(String call, int status) {
        if (status != CUBLAS_STATUS_SUCCESS) {
            throw new KinemaException(call + " failed with status " + status + " of cublasStatus_t: choose --vendor never");
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            ways.forEach(CublasLtProduct::close);
            check("cublasLtDestroy", cublas.cublasLtDestroy(handle));
        }
    }
}
