package dev.kinema.video;

import java.util.SplittableRandom;

/**
 * What a class of events is known by: the form of a texture and how it moves. A texture is drawn from one or two fields over the picture,
 * in 65536ths of a cycle, that time shifts. Lengths are in heights of the picture, so that size does not matter.
 */
enum Texture {
    LEVEL_STRIPES("level stripes, drifting", Mix.FIRST) {
        @Override
        void lay(Instance it, double u, double v, int[] at) {
            at[0] = cycles(it.frequency * (v * it.cos + u * it.sin));
        }
    },
    UPRIGHT_STRIPES("upright stripes, drifting", Mix.FIRST) {
        @Override
        void lay(Instance it, double u, double v, int[] at) {
            at[0] = cycles(it.frequency * (u * it.cos + v * it.sin));
        }
    },
    CHECKS("checks, sliding", Mix.PRODUCT) {
        @Override
        void lay(Instance it, double u, double v, int[] at) {
            // a product of two sines has squares half as wide as their periods
            cross(it, 0.75, u, v, at);
        }
    },
    DOTS("dots, falling or rising", Mix.PEAKS) {
        @Override
        void lay(Instance it, double u, double v, int[] at) {
            cross(it, 1, u, v, at);
        }
    },
    BLOBS("blobs, boiling", Mix.TURN) {
        @Override
        void lay(Instance it, double u, double v, int[] at) {
            at[0] = cycles(2 * it.noise.at(1.1 * it.frequency * u, 1.1 * it.frequency * v) - 1);
            at[1] = cycles(2 * it.noise.at(1.1 * it.frequency * u + 97.5, 1.1 * it.frequency * v + 31.5) - 1);
        }
    },
    ZIGZAGS("zigzags, rolling", Mix.FIRST) {
        @Override
        void lay(Instance it, double u, double v, int[] at) {
            double across = 0.55 * it.frequency * (u * it.cos - v * it.sin);
            double fold = Math.abs(2 * (across - Math.floor(across)) - 1);
            at[0] = cycles(0.8 * it.frequency * (v * it.cos + u * it.sin) + 1.1 * fold);
        }
    },
    RINGS("rings, spreading or shrinking", Mix.FIRST) {
        @Override
        void lay(Instance it, double u, double v, int[] at) {
            at[0] = cycles(it.frequency * Math.sqrt(u * u + v * v));
        }
    },
    GRID("grid, sliding", Mix.LINES) {
        @Override
        void lay(Instance it, double u, double v, int[] at) {
            cross(it, 0.8, u, v, at);
        }
    },
    RAYS("rays, turning", Mix.FIRST) {
        @Override
        void lay(Instance it, double u, double v, int[] at) {
            // a whole number of rays, or there would be a seam
            at[0] = cycles(Math.rint(2 * it.frequency) * StrictMath.atan2(v, u) / TAU);
        }
    },
    SPIRALS("spirals, winding", Mix.FIRST) {
        @Override
        void lay(Instance it, double u, double v, int[] at) {
            at[0] = cycles(0.8 * it.frequency * Math.sqrt(u * u + v * v) + 3 * StrictMath.atan2(v, u) / TAU);
        }
    };

    private static final double TAU = 2 * Math.PI;

    /** How the two fields make the texture's height. */
    enum Mix { FIRST, PRODUCT, PEAKS, LINES, TURN }

    /** What sets one event's texture apart from that of others of its class. */
    static final class Instance {
        final double frequency;
        final double cos;
        final double sin;
        final Noise noise;

        Instance(SplittableRandom random) {
            frequency = 4.2 + 1.4 * random.nextDouble();
            double slant = 0.2 * (2 * random.nextDouble() - 1);
            cos = StrictMath.cos(slant);
            sin = StrictMath.sin(slant);
            noise = new Noise(random);
        }
    }

    /** Value noise: random heights on a lattice without end, interpolated smoothly; from 0 to 1. */
    static final class Noise {
        private static final int PERIOD = 64;
        private final double[] heights = new double[PERIOD * PERIOD];

        Noise(SplittableRandom random) {
            for (int i = 0; i < heights.length; i++) {
                heights[i] = random.nextDouble();
            }
        }

        double at(double x, double y) {
            int column = (int) Math.floor(x);
            int row = (int) Math.floor(y);
            double u = smooth(x - column);
            double v = smooth(y - row);
            double upper = height(column, row) + (height(column + 1, row) - height(column, row)) * u;
            double lower = height(column, row + 1) + (height(column + 1, row + 1) - height(column, row + 1)) * u;
            return upper + (lower - upper) * v;
        }

        private double height(int column, int row) {
            return heights[Math.floorMod(row, PERIOD) * PERIOD + Math.floorMod(column, PERIOD)];
        }

        private static double smooth(double t) {
            return t * t * (3 - 2 * t);
        }
    }

    private final String title;
    private final Mix mix;

    Texture(String title, Mix mix) {
        this.title = title;
        this.mix = mix;
    }

    /** Form and motion in words. */
    String title() {
        return title;
    }

    Mix mix() {
        return mix;
    }

    /** The fields at {@code u} to the right of and {@code v} below the texture's centre, into {@code at}. */
    abstract void lay(Instance it, double u, double v, int[] at);

    private static void cross(Instance it, double scale, double u, double v, int[] at) {
        at[0] = cycles(scale * it.frequency * (u * it.cos + v * it.sin));
        at[1] = cycles(scale * it.frequency * (v * it.cos - u * it.sin));
    }

    private static int cycles(double phase) {
        return (int) Math.rint(phase * 65536);
    }
}
