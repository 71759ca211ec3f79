package dev.kinema.video;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/** One scene of a procedural film: a painted background that the camera glides over, and shapes that bounce and turn. */
final class Scene {
    private static final double TAU = 2 * Math.PI;

    /** A disc or a square: centre, speed in picture widths per second, radius, turns per second, colour. */
    private record Body(boolean round, double x, double y, double speedX, double speedY, double radius, double turns,
            int colour) {
    }

    private final int width;
    private final int height;
    private final int canvasWidth;
    private final int canvasHeight;
    private final byte[] canvas;
    private final double panX;
    private final double panY;
    private final Body[] bodies;
    private final byte[] picture;

    /** @param index decides the kind of background and the hue, so that scenes of one film are easily told apart */
    Scene(int index, SplittableRandom random, int width, int height) {
        this.width = width;
        this.height = height;
        canvasWidth = width + width / 2;
        canvasHeight = height + height / 2;
        double hue = (index * 0.29 + random.nextDouble() * 0.08) % 1;
        panX = 0.04 + 0.05 * random.nextDouble();
        panY = 0.03 + 0.05 * random.nextDouble();
        canvas = paint(index, hue, random);
        bodies = new Body[3 + random.nextInt(3)];
        for (int i = 0; i < bodies.length; i++) {
            double angle = TAU * random.nextDouble();
            double speed = 0.15 + 0.35 * random.nextDouble();
            int colour = colour(hue + 0.35 + 0.3 * random.nextDouble(), 0.85, 0.55 + 0.4 * random.nextDouble());
            bodies[i] = new Body(random.nextBoolean(), random.nextDouble(), random.nextDouble(),
                    speed * StrictMath.cos(angle), speed * StrictMath.sin(angle), 0.06 + 0.08 * random.nextDouble(),
                    random.nextDouble() - 0.5, colour);
        }
        picture = new byte[width * height * 3];
    }

    private byte[] paint(int index, double hue, SplittableRandom random) {
        byte[] painted = new byte[canvasWidth * canvasHeight * 3];
        double frequency = 5 + 4 * random.nextDouble();
        double slant = TAU * random.nextDouble();
        double cos = StrictMath.cos(slant);
        double sin = StrictMath.sin(slant);
        double[] lattice = new double[17 * 17];
        for (int i = 0; i < lattice.length; i++) {
            lattice[i] = random.nextDouble();
        }
        for (int y = 0; y < canvasHeight; y++) {
            for (int x = 0; x < canvasWidth; x++) {
                double u = (double) x / canvasWidth;
                double v = (double) y / canvasHeight;
                double along = u * cos + v * sin;
                double pattern = switch (index % 4) {
                    case 0 -> 0.5 + 0.5 * StrictMath.sin(TAU * frequency * along);
                    case 1 -> ((int) (u * frequency * 1.5) + (int) (v * frequency)) % 2 * 0.8 + 0.1;
                    case 2 -> noise(lattice, u * 16, v * 16);
                    default -> 0.5 + 0.5 * StrictMath.sin(TAU * frequency * StrictMath.hypot(u - 0.5, v - 0.5));
                };
                double mixed = 0.75 * pattern + 0.25 * noise(lattice, v * 16, u * 16);
                put(painted, (y * canvasWidth + x) * 3, colour(hue + 0.1 * mixed, 0.6, 0.2 + 0.55 * mixed));
            }
        }
        return painted;
    }

    /** Value noise: random heights on a lattice of 17 x 17, interpolated smoothly. */
    private static double noise(double[] lattice, double x, double y) {
        int column = Math.min((int) x, 15);
        int row = Math.min((int) y, 15);
        double u = smooth(x - column);
        double v = smooth(y - row);
        int at = row * 17 + column;
        double upper = lattice[at] + (lattice[at + 1] - lattice[at]) * u;
        double lower = lattice[at + 17] + (lattice[at + 18] - lattice[at + 17]) * u;
        return upper + (lower - upper) * v;
    }

    private static double smooth(double t) {
        return t * t * (3 - 2 * t);
    }

    /** Hue (1 is a full circle), saturation and value as 0xRRGGBB. */
    private static int colour(double hue, double saturation, double value) {
        int rgb = 0;
        for (int channel = 0; channel < 3; channel++) {
            double angle = (hue + (3 - channel) / 3.0) % 1 * 6;
            double ramp = Math.max(0, Math.min(1, Math.abs(angle - 3) - 1));
            rgb = rgb << 8 | (int) (255 * value * (1 - saturation + saturation * ramp) + 0.5);
        }
        return rgb;
    }

    private static void put(byte[] target, int at, int colour) {
        target[at] = (byte) (colour >> 16);
        target[at + 1] = (byte) (colour >> 8);
        target[at + 2] = (byte) colour;
    }

    /** Draws the scene at {@code time} seconds of its own as u8 RGB [height, width, 3]. */
    void render(double time, ByteBuffer rgb, int offset) {
        int left = (int) (bounce(panX * time) * (canvasWidth - width));
        int top = (int) (bounce(panY * time + 0.3) * (canvasHeight - height));
        for (int y = 0; y < height; y++) {
            System.arraycopy(canvas, ((top + y) * canvasWidth + left) * 3, picture, y * width * 3, width * 3);
        }
        for (Body body : bodies) {
            draw(body, time);
        }
        rgb.put(offset, picture, 0, picture.length);
    }

    /** To and fro between 0 and 1, one way in one unit of {@code t}. */
    private static double bounce(double t) {
        double phase = t - 2 * Math.floor(t / 2);
        return phase > 1 ? 2 - phase : phase;
    }

    private void draw(Body body, double time) {
        double radius = body.radius * width;
        double x = bounce(body.x + body.speedX * time) * width;
        double y = bounce(body.y + body.speedY * time) * height;
        double cos = StrictMath.cos(TAU * body.turns * time);
        double sin = StrictMath.sin(TAU * body.turns * time);
        // a turned square reaches as far as its diagonal
        double reach = radius * 1.5;
        for (int row = (int) Math.max(0, y - reach); row < Math.min(height, y + reach); row++) {
            for (int column = (int) Math.max(0, x - reach); column < Math.min(width, x + reach); column++) {
                double dx = column - x;
                double dy = row - y;
                boolean inside = body.round ? dx * dx + dy * dy < radius * radius
                        : Math.abs(dx * cos + dy * sin) < radius && Math.abs(dy * cos - dx * sin) < radius;
                if (inside) {
                    put(picture, (row * width + column) * 3, body.colour);
                }
            }
        }
    }
}
