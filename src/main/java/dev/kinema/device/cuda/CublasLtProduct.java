package dev.kinema.device.cuda;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_BIAS_POINTER;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_EPILOGUE;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_TRANSA;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_TRANSB;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET;
import static org.bytedeco.cuda.global.cublas.CUBLAS_COMPUTE_32F;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_N;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_T;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16BF;
import static org.bytedeco.cuda.global.cudart.CUDA_R_32F;

import dev.kinema.graph.DType;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * A product by cuBLASLt. Its matrices are stored column by column; ours, row by row, are the transposed of such. So it is asked for
 * y^T = b^T a^T: what is b here is its first operand, and the bias, one number for each of its rows, is one for each of our columns.
 */
final class CublasLtProduct implements VendorLibrary.Way {
    /** What it wants workspaces aligned to, bytes. */
    private static final long ALIGNMENT = 256;

    private final cublasLtContext handle;
    private final cublasLtMatmulDescOpaque_t how;
    private final cublasLtMatrixLayoutOpaque_t layoutA;
    private final cublasLtMatrixLayoutOpaque_t layoutB;
    private final cublasLtMatrixLayoutOpaque_t layoutY;
    private final boolean biased;
    private final FloatPointer one = new FloatPointer(1f);
    private final FloatPointer zero = new FloatPointer(0f);
    private final LongPointer biasAddress = new LongPointer(1);
    private final Place a = new Place();
    private final Place b = new Place();
    private final Place y = new Place();
    private final Place workspace = new Place();
    private final Place stream = new Place();
    private cublasLtMatmulHeuristicResult_t algorithm;

    CublasLtProduct(cublasLtContext handle, Product p, int epilogue) {
        this.handle = handle;
        biased = p.biased();
        try (PointerPointer<Pointer> made = new PointerPointer<>(1); IntPointer word = new IntPointer(1)) {
            CublasLt.check("cublasLtMatmulDescCreate", cublas.cublasLtMatmulDescCreate(made, CUBLAS_COMPUTE_32F, CUDA_R_32F));
            how = new cublasLtMatmulDescOpaque_t(made.get());
            set(CUBLASLT_MATMUL_DESC_TRANSA, word.put(p.transposeB() ? CUBLAS_OP_T : CUBLAS_OP_N), Integer.BYTES);
            set(CUBLASLT_MATMUL_DESC_TRANSB, word.put(p.transposeA() ? CUBLAS_OP_T : CUBLAS_OP_N), Integer.BYTES);
            set(CUBLASLT_MATMUL_DESC_EPILOGUE, word.put(epilogue), Integer.BYTES);
            if (biased) {
                // some versions ask for one before they look for an algorithm, and read nothing there
                set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, biasAddress.put(ALIGNMENT), Long.BYTES);
            }
        }
        layoutA = layout(p, p.operands(), p.transposeA() ? p.k() : p.m(), p.transposeA() ? p.m() : p.k());
        layoutB = layout(p, p.operands(), p.transposeB() ? p.n() : p.k(), p.transposeB() ? p.k() : p.n());
        layoutY = layout(p, p.result(), p.m(), p.n());
    }

    private void set(int what, Pointer value, long bytes) {
        CublasLt.check("cublasLtMatmulDescSetAttribute", cublas.cublasLtMatmulDescSetAttribute(how, what, value, bytes));
    }

    /** A batch of our matrices of so many rows and columns, as the library sees them. */
    private static cublasLtMatrixLayoutOpaque_t layout(Product p, DType dtype, long rows, long columns) {
        try (PointerPointer<Pointer> made = new PointerPointer<>(1); IntPointer count = new IntPointer(1);
            LongPointer distance = new LongPointer(1)) {
            CublasLt.check("cublasLtMatrixLayoutCreate",
                cublas.cublasLtMatrixLayoutCreate(made, dtype == DType.BF16 ? CUDA_R_16BF : CUDA_R_32F, columns, rows, columns));
            cublasLtMatrixLayoutOpaque_t layout = new cublasLtMatrixLayoutOpaque_t(made.get());
            CublasLt.check("cublasLtMatrixLayoutSetAttribute", cublas.cublasLtMatrixLayoutSetAttribute(layout,
                CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, count.put((int) p.batch()), Integer.BYTES));
            CublasLt.check("cublasLtMatrixLayoutSetAttribute", cublas.cublasLtMatrixLayoutSetAttribute(layout,
                CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, distance.put(rows * columns), Long.BYTES));
            return layout;
        }
    }

    /** Asks for the best algorithm; the status of the call. */
    int ask(cublasLtMatmulPreferenceOpaque_t preference, cublasLtMatmulHeuristicResult_t result, IntPointer found) {
        return cublas.cublasLtMatmulAlgoGetHeuristic(handle, how, layoutB, layoutA, layoutY, layoutY, preference, 1, result, found);
    }

    /** The algorithm to use, owned from now on. */
    void take(cublasLtMatmulHeuristicResult_t result) {
        algorithm = result;
    }

    @Override
    public String name() {
        return CublasLt.NAME;
    }

    @Override
    public long workspaceBytes() {
        return algorithm.workspaceSize() == 0 ? 0 : algorithm.workspaceSize() + ALIGNMENT;
    }

    /** One thread at a time: the description holds the address of the bias, and is read before the call returns. */
    @Override
    public synchronized void launch(long yAt, long aAt, long bAt, long biasAt, long addedAt, long workspaceAt, long streamHandle) {
        if (biased) {
            set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, biasAddress.put(biasAt), Long.BYTES);
        }
        long bytes = algorithm.workspaceSize();
        Place passing = bytes == 0 ? null : workspace.at((workspaceAt + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        y.at(yAt);
        CublasLt.check("cublasLtMatmul", cublas.cublasLtMatmul(handle, how, one, b.at(bAt), layoutB, a.at(aAt), layoutA, zero, y, layoutY,
            y, layoutY, algorithm.algo(), passing, bytes, new CUstream_st(stream.at(streamHandle))));
    }

    void close() {
        cublas.cublasLtMatrixLayoutDestroy(layoutA);
        cublas.cublasLtMatrixLayoutDestroy(layoutB);
        cublas.cublasLtMatrixLayoutDestroy(layoutY);
        cublas.cublasLtMatmulDescDestroy(how);
        if (algorithm != null) {
            algorithm.close();
        }
        one.close();
        zero.close();
        biasAddress.close();
    }
}
