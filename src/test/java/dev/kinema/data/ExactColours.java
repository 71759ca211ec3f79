package dev.kinema.data;

import java.nio.ByteBuffer;

/** The augmentation's formulas once more, in doubles and pixel by pixel, as [frame][y][x][channel] in [0, 1]. */
final class ExactColours {
    private ExactColours() {}

    interface PixelChange {
        double[] of(double[] rgb);
    }

    static double[][][][] of(ByteBuffer pictures, int frames, int height, int width) {
        double[][][][] clip = new double[frames][height][width][3];
        for (int i = 0; i < frames * height * width * 3; i++) {
            clip[i / 3 / width / height][i / 3 / width % height][i / 3 % width][i % 3] = (pictures.get(i) & 0xff) / 255.0;
        }
        return clip;
    }

    static double[][][][] each(double[][][][] clip, PixelChange change) {
        double[][][][] out = new double[clip.length][clip[0].length][clip[0][0].length][];
        for (int t = 0; t < out.length; t++) {
            for (int y = 0; y < out[t].length; y++) {
                for (int x = 0; x < out[t][y].length; x++) {
                    out[t][y][x] = clip(change.of(clip[t][y][x]));
                }
            }
        }
        return out;
    }

    private static double[] clip(double[] rgb) {
        return new double[] {unit(rgb[0]), unit(rgb[1]), unit(rgb[2])};
    }

    private static double unit(double v) {
        return Math.max(0, Math.min(1, v));
    }

    static double[][][][] brightness(double[][][][] clip, double factor) {
        return each(clip, p -> new double[] {p[0] * factor, p[1] * factor, p[2] * factor});
    }

    static double[][][][] contrast(double[][][][] clip, double factor, ColourArithmetic arithmetic) {
        double[] sum = new double[3];
        double[] grey = new double[1];
        int[] count = new int[1];
        each(clip, p -> {
            for (int c = 0; c < 3; c++) {
                sum[c] += p[c];
            }
            grey[0] += luma(p, ColourArithmetic.PILLOW);
            count[0]++;
            return p;
        });
        return each(clip, p -> {
            double[] out = new double[3];
            for (int c = 0; c < 3; c++) {
                double mean = (arithmetic == ColourArithmetic.PILLOW ? grey[0] : sum[c]) / count[0];
                out[c] = mean + factor * (p[c] - mean);
            }
            return out;
        });
    }

    static double luma(double[] p, ColourArithmetic arithmetic) {
        return arithmetic == ColourArithmetic.PILLOW ? 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]
                : 0.2989 * p[0] + 0.5870 * p[1] + 0.1140 * p[2];
    }

    static double[][][][] saturation(double[][][][] clip, double factor, ColourArithmetic arithmetic) {
        return each(clip, p -> {
            if (arithmetic == ColourArithmetic.TENSORFLOW) {
                double[] hsv = hsv(p);
                return rgb(hsv[0], Math.min(1, hsv[1] * factor), hsv[2]);
            }
            double luma = luma(p, arithmetic);
            return new double[] {luma + factor * (p[0] - luma), luma + factor * (p[1] - luma), luma + factor * (p[2] - luma)};
        });
    }

    static double[][][][] hue(double[][][][] clip, double turn) {
        return each(clip, p -> {
            double[] hsv = hsv(p);
            return rgb(hsv[0] + turn, hsv[1], hsv[2]);
        });
    }

    static double[][][][] grayscale(double[][][][] clip, ColourArithmetic arithmetic) {
        return each(clip, p -> {
            double luma = luma(p, arithmetic);
            return new double[] {luma, luma, luma};
        });
    }

    static double[][][][] solarise(double[][][][] clip, double threshold) {
        return each(clip, p -> new double[] {solarised(p[0], threshold), solarised(p[1], threshold), solarised(p[2], threshold)});
    }

    private static double solarised(double v, double threshold) {
        return v < threshold ? v : 1 - v;
    }

    /** All taps at once, not one axis after the other. */
    static double[][][][] blur(double[][][][] clip, double sigma, int radius, GaussianBlur.Border border) {
        int height = clip[0].length;
        int width = clip[0][0].length;
        double[][][][] out = new double[clip.length][height][width][3];
        double total = 0;
        for (int dy = -radius; dy <= radius; dy++) {
            for (int dx = -radius; dx <= radius; dx++) {
                double weight = Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
                total += weight;
                for (int i = 0; i < clip.length * height * width; i++) {
                    int y = i / width % height + dy;
                    int x = i % width + dx;
                    boolean inside = y >= 0 && y < height && x >= 0 && x < width;
                    if (inside || border == GaussianBlur.Border.EDGE) {
                        double[] from = clip[i / width / height][Math.max(0, Math.min(height - 1, y))][Math.max(0, Math.min(width - 1, x))];
                        double[] to = out[i / width / height][i / width % height][i % width];
                        for (int c = 0; c < 3; c++) {
                            to[c] += weight * from[c];
                        }
                    }
                }
            }
        }
        double all = total;
        return each(out, p -> new double[] {p[0] / all, p[1] / all, p[2] / all});
    }

    static double[][][][] cut(double[][][][] clip, CropWindow window, int size, boolean flip) {
        double[][][][] out = new double[clip.length][size][size][3];
        for (int i = 0; i < clip.length * size * size; i++) {
            int x = i % size;
            double[] at = {position(window.vertical(), i / size % size), position(window.horizontal(), flip ? size - 1 - x : x)};
            double[][][] frame = clip[i / size / size];
            int y0 = (int) at[0];
            int x0 = (int) at[1];
            int y1 = Math.min(y0 + 1, window.vertical().length() - 1);
            int x1 = Math.min(x0 + 1, window.horizontal().length() - 1);
            int top = window.vertical().first();
            int left = window.horizontal().first();
            double v = at[0] - y0;
            double h = at[1] - x0;
            for (int c = 0; c < 3; c++) {
                out[i / size / size][i / size % size][x][c] =
                        (1 - v) * ((1 - h) * frame[top + y0][left + x0][c] + h * frame[top + y0][left + x1][c])
                        + v * ((1 - h) * frame[top + y1][left + x0][c] + h * frame[top + y1][left + x1][c]);
            }
        }
        return out;
    }

    /** Where output {@code i} lies among the window's source pixels. */
    private static double position(CropWindow.Span span, int i) {
        double position = (span.offset() + i + 0.5) * span.length() / span.scaled() - 0.5;
        return Math.max(0, Math.min(span.length() - 1, position));
    }

    /** Hue in circles, saturation, value: the textbook's cases. */
    static double[] hsv(double[] p) {
        double max = Math.max(p[0], Math.max(p[1], p[2]));
        double min = Math.min(p[0], Math.min(p[1], p[2]));
        double hue = 0;
        if (max > min) {
            double range = max - min;
            hue = max == p[0] ? (p[1] - p[2]) / range : max == p[1] ? 2 + (p[2] - p[0]) / range : 4 + (p[0] - p[1]) / range;
        }
        return new double[] {hue / 6, max == 0 ? 0 : (max - min) / max, max};
    }

    static double[] rgb(double hue, double s, double v) {
        double h = (hue - Math.floor(hue)) * 6;
        double f = h - Math.floor(h);
        double p = v * (1 - s);
        double q = v * (1 - s * f);
        double t = v * (1 - s * (1 - f));
        return switch ((int) h) {
            // 6: a hue a rounding error below the full circle
            case 0, 6 -> new double[] {v, t, p};
            case 1 -> new double[] {q, v, p};
            case 2 -> new double[] {p, v, t};
            case 3 -> new double[] {p, q, v};
            case 4 -> new double[] {t, p, v};
            default -> new double[] {v, p, q};
        };
    }
}
