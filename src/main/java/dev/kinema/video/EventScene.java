package dev.kinema.video;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * One event of an {@link EventFilm}: its class's texture, in colours, under a light and with a speed of its own. All but the texture's form
 * and kind of motion is drawn anew for each event.
 */
final class EventScene {
    private static final double TAU = 2 * Math.PI;
    private static final int WAVE = 1024;
    /** Pictures wander over a canvas that is larger by this part of their sides. */
    private static final double ROOM = 0.3;
    /** Weights of red, green and blue in luma (BT.601). */
    private static final double[] LUMA = {0.299, 0.587, 0.114};

    // Measured with these on one clip each of 64 films to vote and 256 to be told, 8 classes: neighbours by features of an untrained small
    // Slow-D tell 28 %, by luma differences over short steps 96 %. More contrast or less colour gives the classes away.
    /** Standard deviation of the texture's luma, on average over events. */
    private static final double CONTRAST = 0.25;
    /** By which part of it contrast differs at most from event to event. */
    private static final double CONTRAST_SPREAD = 0.5;
    /** From the darkest to the brightest mean luma. */
    private static final double BRIGHTNESS_SPREAD = 0.2;
    /** How far a spot of light changes luma, on average over events. */
    private static final double LIGHT = 0.1;
    /** How far the ground's colour is from grey at most. */
    private static final double CHROMA = 0.2;

    private final Texture.Mix mix;
    private final int width;
    private final int height;
    private final int canvasWidth;
    private final int canvasHeight;
    private final int[] first;
    private final int[] second;
    private final float[] light;
    private final float[] wave = new float[WAVE];
    private final float hardness;
    private final double firstSpeed;
    private final double secondSpeed;
    private final double[] pan;
    private final float[] ground = new float[3];
    private final float[] relief = new float[3];
    private final float[] tint = new float[3];
    private final byte[] picture;

    EventScene(Texture texture, SplittableRandom random, int width, int height) {
        mix = texture.mix();
        this.width = width;
        this.height = height;
        canvasWidth = width + (int) (ROOM * width);
        canvasHeight = height + (int) (ROOM * height);
        first = new int[canvasWidth * canvasHeight];
        second = new int[first.length];
        light = new float[first.length];
        picture = new byte[width * height * 3];
        firstSpeed = speed(random);
        secondSpeed = speed(random);
        pan = new double[] {random.nextDouble(), random.nextDouble(), random.nextDouble(), random.nextDouble()};
        hardness = 1 + (float) (1.5 * random.nextDouble());
        for (int i = 0; i < WAVE; i++) {
            wave[i] = (float) StrictMath.sin(TAU * i / WAVE);
        }
        lay(texture, random);
        shine(random);
        choosePalette(random);
    }

    private static double speed(SplittableRandom random) {
        double cyclesPerSecond = 0.3 + 0.6 * random.nextDouble();
        return random.nextBoolean() ? cyclesPerSecond : -cyclesPerSecond;
    }

    private void lay(Texture texture, SplittableRandom random) {
        Texture.Instance instance = new Texture.Instance(random);
        double centreX = canvasWidth * 0.5 + height * 0.4 * (random.nextDouble() - 0.5);
        double centreY = canvasHeight * 0.5 + height * 0.4 * (random.nextDouble() - 0.5);
        int firstPhase = random.nextInt(65536);
        int secondPhase = random.nextInt(65536);
        boolean cyclic = mix != Texture.Mix.TURN;
        int[] at = new int[2];
        for (int y = 0; y < canvasHeight; y++) {
            for (int x = 0; x < canvasWidth; x++) {
                texture.lay(instance, (x - centreX) / height, (y - centreY) / height, at);
                first[y * canvasWidth + x] = at[0] + (cyclic ? firstPhase : 0);
                second[y * canvasWidth + x] = at[1] + (cyclic ? secondPhase : 0);
            }
        }
    }

    /** Two spots of light, made to be 0 on average and 1 at most. */
    private void shine(SplittableRandom random) {
        for (int spot = 0; spot < 2; spot++) {
            double x0 = random.nextDouble() * canvasWidth;
            double y0 = random.nextDouble() * canvasHeight;
            double radius = height * (0.35 + 0.35 * random.nextDouble());
            for (int y = 0; y < canvasHeight; y++) {
                for (int x = 0; x < canvasWidth; x++) {
                    double distance = ((x - x0) * (x - x0) + (y - y0) * (y - y0)) / (radius * radius);
                    light[y * canvasWidth + x] += (float) (1 / ((1 + distance) * (1 + distance)));
                }
            }
        }
        double mean = 0;
        for (float value : light) {
            mean += value / light.length;
        }
        double most = 0;
        for (int i = 0; i < light.length; i++) {
            light[i] -= (float) mean;
            most = Math.max(most, Math.abs(light[i]));
        }
        for (int i = 0; i < light.length; i++) {
            light[i] /= (float) most;
        }
    }

    private void choosePalette(SplittableRandom random) {
        double brightness = 0.5 + BRIGHTNESS_SPREAD * (random.nextDouble() - 0.5);
        double contrast = CONTRAST * (1 + CONTRAST_SPREAD * (2 * random.nextDouble() - 1)) * (random.nextBoolean() ? 1 : -1);
        double lit = LIGHT * (0.5 + random.nextDouble()) * (random.nextBoolean() ? 1 : -1);
        colour(ground, brightness, CHROMA, random);
        colour(relief, contrast, CONTRAST, random);
        colour(tint, lit, LIGHT, random);
        // every texture is brought to the same mean and deviation: how much of it is bright or dark tells nothing about its class
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < first.length; i++) {
            double value = heightAt(first[i], second[i], 1, 0);
            sum += value;
            squares += value * value;
        }
        double mean = sum / first.length;
        double deviation = Math.sqrt(Math.max(squares / first.length - mean * mean, 1e-6));
        for (int channel = 0; channel < 3; channel++) {
            relief[channel] /= (float) deviation;
            ground[channel] -= (float) (mean * relief[channel]);
        }
        for (int channel = 0; channel < 3; channel++) {
            ground[channel] *= 255;
            relief[channel] *= 255;
            tint[channel] *= 255;
        }
    }

    /** A colour of given luma, as far from grey as {@code chroma} at most in each channel. */
    private static void colour(float[] rgb, double luma, double chroma, SplittableRandom random) {
        double[] draw = {random.nextDouble(), random.nextDouble(), random.nextDouble()};
        double own = LUMA[0] * draw[0] + LUMA[1] * draw[1] + LUMA[2] * draw[2];
        for (int channel = 0; channel < 3; channel++) {
            rgb[channel] = (float) (luma + 2 * chroma * (draw[channel] - own));
        }
    }

    /** The texture's height, from -1 to 1, where its fields have these values; {@code turn} is a point of the unit circle. */
    private float heightAt(int p, int q, float turnCos, float turnSin) {
        float a = wave[p >>> 6 & WAVE - 1];
        float value = switch (mix) {
            case FIRST -> a;
            case PRODUCT -> 1.5f * a * wave[q >>> 6 & WAVE - 1];
            case PEAKS -> 1.2f * (a + wave[q >>> 6 & WAVE - 1]) - 0.8f;
            case LINES -> 2.5f * (Math.max(a, wave[q >>> 6 & WAVE - 1]) - 0.6f);
            case TURN -> (p * turnCos + q * turnSin) * (2f / 65536);
        };
        return Math.max(-1, Math.min(1, hardness * value));
    }

    /** Draws the event {@code time} seconds after it began as u8 RGB [height, width, 3]. */
    void render(double time, ByteBuffer rgb, int offset) {
        int firstShift = (int) Math.rint(firstSpeed * time * 65536);
        int secondShift = (int) Math.rint(secondSpeed * time * 65536);
        float turnCos = 1;
        float turnSin = 0;
        if (mix == Texture.Mix.TURN) {
            turnCos = (float) StrictMath.cos(TAU * firstSpeed * time);
            turnSin = (float) StrictMath.sin(TAU * firstSpeed * time);
            firstShift = 0;
            secondShift = 0;
        }
        int at = place(pan[0] + 0.1 * time, pan[1] + 0.1 * time);
        int lightAt = place(pan[2] + 0.2 * time, pan[3] + 0.2 * time);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                float value = heightAt(first[at + x] + firstShift, second[at + x] + secondShift, turnCos, turnSin);
                float shade = light[lightAt + x];
                int to = (y * width + x) * 3;
                for (int channel = 0; channel < 3; channel++) {
                    float colour = ground[channel] + value * relief[channel] + shade * tint[channel];
                    picture[to + channel] = (byte) (int) (Math.max(0, Math.min(255, colour)) + 0.5f);
                }
            }
            at += canvasWidth;
            lightAt += canvasWidth;
        }
        rgb.put(offset, picture, 0, picture.length);
    }

    /** Where on the canvas a picture begins that has wandered so far, in units of the room it has. */
    private int place(double x, double y) {
        return (int) (bounce(y) * (canvasHeight - height)) * canvasWidth + (int) (bounce(x) * (canvasWidth - width));
    }

    /** To and fro between 0 and 1, one way in one unit of {@code t}. */
    private static double bounce(double t) {
        double phase = t - 2 * Math.floor(t / 2);
        return phase > 1 ? 2 - phase : phase;
    }
}
