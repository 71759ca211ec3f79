package dev.kinema.graph;

/** Element types: those of computations (F32, BF16, I32, I64, U8) and those only met in files. */
public enum DType {
    F64(8), F32(4), BF16(2), F16(2), I64(8), I32(4), I16(2), I8(1), U8(1), BOOL(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    public boolean isFloating() {
        return this == F64 || this == F32 || this == BF16 || this == F16;
    }
}
