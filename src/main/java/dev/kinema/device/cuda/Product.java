package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;

/**
 * A kind of product y = activation(a b + bias), with the sizes and flags of {@code kn_matmul_multiply}.
 *
 * @param biased whether there is a bias[n], in F32
 * @param activation one of {@code KN_ACTIVATION_*}
 * @param operands the type of a and b
 * @param result the type of y
 */
record Product(long batch, long m, long n, long k, boolean transposeA, boolean transposeB, boolean biased, int activation, DType operands,
        DType result) implements Contraction {
    @Override
    public long bytesOfA() {
        return batch * m * k * operands.bytes();
    }

    @Override
    public long bytesOfB() {
        return batch * k * n * operands.bytes();
    }

    @Override
    public long bytesOfY() {
        return batch * m * n * result.bytes();
    }

    @Override
    public long bytesOfBias() {
        return biased ? n * Float.BYTES : 0;
    }

    @Override
    public long bytesOfAdded() {
        return 0;
    }

    @Override
    public long workspaceBytes() {
        return 0;
    }

    @Override
    public int run(long y, long a, long b, long bias, long added, long workspace, long stream) {
        return Kinema.kn_matmul_multiply(y, a, b, bias, added, batch, m, n, k, transposeA ? 1 : 0, transposeB ? 1 : 0, activation,
            Buffer.code(result), Buffer.code(operands), stream);
    }

    @Override
    public String toString() {
        return "a product of " + batch + " x " + m + " x " + k + (transposeA ? " (transposed)" : "") + " and " + k + " x " + n
            + (transposeB ? " (transposed)" : "") + ", " + operands + " to " + result + (biased ? ", bias" : "") + switch (activation) {
                case Kinema.KN_ACTIVATION_RELU -> ", ReLU";
                case Kinema.KN_ACTIVATION_GELU -> ", GELU";
                case Kinema.KN_ACTIVATION_GELU_TANH -> ", GELU by tanh";
                default -> "";
            };
    }
}
