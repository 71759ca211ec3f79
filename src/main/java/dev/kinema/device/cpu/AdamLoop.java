package dev.kinema.device.cpu;

import dev.kinema.graph.op.Adam;
import java.nio.FloatBuffer;

/**
 * Adam's update of one variable, in float32 as the variable and its moments are stored, by loops that are vectorised. Decay and step are
 * added before they are taken off the weight, which so is rounded once.
 */
final class AdamLoop {
    private final Adam op;
    private final FloatBuffer weight;
    private final FloatBuffer gradient;
    private final FloatBuffer first;
    private final FloatBuffer second;
    private float rate;
    private float decay;
    private float secondScale;

    AdamLoop(Adam op, FloatBuffer weight, FloatBuffer gradient, FloatBuffer first, FloatBuffer second) {
        this.op = op;
        this.weight = weight;
        this.gradient = gradient;
        this.first = first;
        this.second = second;
    }

    /** A step, counted from 1. */
    void begin(double learningRate, long step) {
        rate = (float) (learningRate / (1 - Math.pow(op.beta1(), step)));
        secondScale = (float) (1 / Math.sqrt(1 - Math.pow(op.beta2(), step)));
        decay = op.decoupled() ? (float) (learningRate * op.weightDecay()) : 0;
    }

    void run(int from, int to) {
        Tile tile = Tile.own();
        for (int at = from; at < to; at += Tile.SIZE) {
            int count = Math.min(Tile.SIZE, to - at);
            weight.get(at, tile.w, 0, count);
            gradient.get(at, tile.x, 0, count);
            first.get(at, tile.y, 0, count);
            second.get(at, tile.z, 0, count);
            moments(tile, count);
            descend(tile, count);
            weight.put(at, tile.w, 0, count);
            first.put(at, tile.y, 0, count);
            second.put(at, tile.z, 0, count);
        }
    }

    private void moments(Tile tile, int count) {
        float[] w = tile.w;
        float[] g = tile.x;
        float[] m = tile.y;
        float[] s = tile.z;
        float coupled = op.decoupled() ? 0 : (float) op.weightDecay();
        float fresh1 = (float) (1 - op.beta1());
        float fresh2 = (float) (1 - op.beta2());
        for (int i = 0; i < count; i++) {
            float v = g[i] + coupled * w[i];
            m[i] += fresh1 * (v - m[i]);
            s[i] += fresh2 * (v * v - s[i]);
        }
    }

    private void descend(Tile tile, int count) {
        float[] w = tile.w;
        float[] m = tile.y;
        float[] s = tile.z;
        float epsilon = (float) op.epsilon();
        for (int i = 0; i < count; i++) {
            float root = (float) Math.sqrt(s[i]) * secondScale;
            w[i] -= decay * w[i] + rate * m[i] / (root + epsilon);
        }
    }
}
