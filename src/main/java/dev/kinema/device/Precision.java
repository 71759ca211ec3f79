package dev.kinema.device;

/** In what numbers a program computes; variables and reductions are float32 either way. */
public enum Precision {
    /** IEEE single precision throughout. */
    FP32,
    /** Activations and the operands of products in bfloat16, accumulation in float32. */
    BF16
}
