package dev.kinema.device;

/** In what numbers a program computes; variables and reductions are float32 in each. */
public enum Precision {
    /** IEEE single precision throughout. */
    FP32,
    /** Activations and the operands of products in bfloat16, accumulation in float32. */
    BF16,
    /**
     * For inference: convolutions of pictures, and of activations that are never negative, in 8-bit integers, accumulated in 32-bit ones, as
     * {@link Quantization} says; all else in {@link #BF16} where the device has it, else in {@link #FP32}. Needs {@link ActivationRanges}.
     */
    INT8
}
