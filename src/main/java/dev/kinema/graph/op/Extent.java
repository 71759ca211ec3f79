package dev.kinema.graph.op;

import dev.kinema.KinemaException;

/** Sizes along time, height and width: a kernel, a stride or a padding. */
public record Extent(int t, int h, int w) {
    public static final Extent ZERO = new Extent(0, 0, 0);
    public static final Extent ONE = new Extent(1, 1, 1);

    public Extent {
        if (t < 0 || h < 0 || w < 0) {
            throw new KinemaException("a kernel, stride or padding has no negative sizes: " + t + "x" + h + "x" + w);
        }
    }

    public int volume() {
        return t * h * w;
    }

    @Override
    public String toString() {
        return t + "x" + h + "x" + w;
    }
}
