package dev.kinema.data;

import dev.kinema.KinemaException;
import dev.kinema.graph.Philox;
import java.util.List;

/**
 * A rectangle of random area and aspect, scaled to the output's square: "random resized crop" or Inception crop.
 *
 * @param area range of the rectangle's share of the picture, in (0, 1]
 * @param aspect range of width / height
 * @param law how area and aspect are drawn
 * @param attempts draws before the law's fallback is used
 */
public record AreaCrop(List<Double> area, List<Double> aspect, Law law, int attempts) {
    /** How a rectangle is drawn. */
    public enum Law {
        /**
         * Uniform aspect, then the height uniform among those of the area range that fit. TensorFlow's
         * ({@code sample_distorted_bounding_box_op.cc}); falls back to the whole picture.
         */
        HEIGHT,
        /** Uniform area, uniform aspect; falls back to the largest centred rectangle with an aspect in the range. */
        AREA,
        /** As AREA, with an aspect uniform in the logarithm. PySlowFast's and torchvision's. */
        LOG_ASPECT
    }

    private static final int MOST_ATTEMPTS = 1000;

    /** Checks the ranges. */
    public AreaCrop {
        area = List.copyOf(area);
        aspect = List.copyOf(aspect);
        Range.of("area", area, 1e-6, 1);
        Range.of("aspect", aspect, 1e-3, 1e3);
        if (attempts < 1 || attempts > MOST_ATTEMPTS) {
            throw new KinemaException("attempts is " + attempts + ": use 1 to " + MOST_ATTEMPTS);
        }
    }

    CropWindow draw(int height, int width, int size, Philox random) {
        Range areas = new Range(area.get(0), area.get(1));
        Range aspects = new Range(aspect.get(0), aspect.get(1));
        for (int attempt = 0; attempt < attempts; attempt++) {
            int element = Element.ATTEMPTS + attempt * Element.PER_ATTEMPT;
            double shape = law == Law.LOG_ASPECT ? aspects.logAt(random.uniform(element)) : aspects.at(random.uniform(element));
            double draw = random.uniform(element + 1);
            int h = law == Law.HEIGHT ? height(height, width, shape, areas, draw)
                    : (int) Math.rint(Math.sqrt(areas.at(draw) * height * width / shape));
            int w = law == Law.HEIGHT ? (int) Math.rint(h * shape)
                    : (int) Math.rint(Math.sqrt(areas.at(draw) * height * width * shape));
            if (h < 1 || w < 1 || h > height || w > width || law == Law.HEIGHT && !fits(h, w, height, width, areas)) {
                continue;
            }
            int y = position(height - h, random.uniform(element + 2));
            int x = position(width - w, random.uniform(element + 3));
            return CropWindow.of(y, x, h, w, size);
        }
        return fallback(height, width, size, aspects);
    }

    /** A height uniform in the integers whose rectangle has an area of the range, as near as rounding allows, and fits. */
    private static int height(int height, int width, double shape, Range areas, double draw) {
        double pixels = (double) height * width;
        int most = (int) Math.min(Math.min(height, (width + 0.5) / shape), Math.rint(Math.sqrt(areas.high() * pixels / shape)));
        while (most > 0 && (Math.rint(most * shape) > width || most * Math.rint(most * shape) > areas.high() * pixels)) {
            most--;
        }
        int least = Math.min(most, (int) Math.rint(Math.sqrt(areas.low() * pixels / shape)));
        if (least < most && least * Math.rint(least * shape) < areas.low() * pixels) {
            least++;
        }
        return least + (int) (draw * (most - least + 1));
    }

    private static boolean fits(int h, int w, int height, int width, Range areas) {
        double share = (double) h * w / ((double) height * width);
        return share >= areas.low() && share <= areas.high();
    }

    /** TensorFlow never draws the last position, torchvision does. */
    private int position(int room, double draw) {
        return (int) (draw * (law == Law.HEIGHT ? room : room + 1));
    }

    private CropWindow fallback(int height, int width, int size, Range aspects) {
        if (law == Law.HEIGHT) {
            return CropWindow.of(0, 0, height, width, size);
        }
        int h = height;
        int w = width;
        double shape = (double) width / height;
        if (shape < aspects.low()) {
            h = Math.max(1, (int) Math.rint(width / aspects.low()));
        } else if (shape > aspects.high()) {
            w = Math.max(1, (int) Math.rint(height * aspects.high()));
        }
        return CropWindow.of((height - h) / 2, (width - w) / 2, h, w, size);
    }
}
