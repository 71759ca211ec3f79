package dev.kinema.golden;

import dev.kinema.device.HostArray;
import dev.kinema.graph.Shape;

/** Between PyTorch's order of video, [N, C, T, H, W], and ours, [N, T, H, W, C]. */
public final class Layout {
    private Layout() {}

    public static HostArray channelsLast(HostArray video) {
        Shape s = video.shape();
        int n = s.dim(0);
        int c = s.dim(1);
        int points = (int) s.product(2, 5);
        HostArray moved = HostArray.allocate(video.dtype(), Shape.of(n, s.dim(2), s.dim(3), s.dim(4), c));
        for (int i = 0; i < n; i++) {
            for (int p = 0; p < points; p++) {
                for (int k = 0; k < c; k++) {
                    moved.set((i * points + p) * c + k, video.get((i * c + k) * points + p));
                }
            }
        }
        return moved;
    }

    /** The elements of an array [N, T, H, W, C] in the order [N, C, T, H, W]. */
    public static double[] channelsFirst(HostArray video) {
        Shape s = video.shape();
        int c = s.last();
        int points = (int) s.product(1, 4);
        double[] moved = new double[video.elements()];
        for (int i = 0; i < moved.length; i++) {
            int n = i / (c * points);
            moved[i] = video.get((n * points + i % points) * c + i / points % c);
        }
        return moved;
    }
}
