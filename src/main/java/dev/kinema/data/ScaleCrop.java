package dev.kinema.data;

import dev.kinema.graph.Philox;
import java.util.List;

/**
 * The picture scaled to a random short side, then a square of the output's size cut out at a random place: PySlowFast's supervised
 * training ({@code random_short_side_scale_jitter}, {@code random_crop}). The long side is {@code floor(long / short * side)}; the
 * last position is never drawn where there is more than one, as there.
 *
 * @param scaledSide range of the short side after scaling in pixels, drawn uniformly and rounded; at least the output's size
 */
public record ScaleCrop(List<Double> scaledSide) {
    private static final double LARGEST = 1 << 14;

    /** Checks the range. */
    public ScaleCrop {
        scaledSide = List.copyOf(scaledSide);
        Range.of("scaled_side", scaledSide, 1, LARGEST);
    }

    CropWindow draw(int height, int width, int size, Philox random) {
        Range sides = new Range(scaledSide.get(0), scaledSide.get(1));
        int side = (int) Math.rint(sides.at(random.uniform(Element.SHORT_SIDE)));
        int h = scaled(height, width, side);
        int w = scaled(width, height, side);
        return new CropWindow(new CropWindow.Span(0, height, h, (int) (random.uniform(Element.SCALED_Y) * (h - size))),
                new CropWindow.Span(0, width, w, (int) (random.uniform(Element.SCALED_X) * (w - size))));
    }

    private static int scaled(int side, int other, int shortSide) {
        return side <= other ? shortSide : (int) Math.floor((double) side / other * shortSide);
    }
}
