package dev.kinema.video;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A film made up by arithmetic: shots with hard cuts, each of a scene with its own palette, background, camera move and
 * moving shapes. Some scenes come back later in the film, going on where they stopped, so that a similarity matrix of
 * the film shows its structure. The same seed gives the same pixels on every machine.
 */
public final class ProceduralFilm implements DrawnFilm {
    /** The order of scenes: A B A C B D A C. */
    private static final int[] ORDER = {0, 1, 0, 2, 1, 3, 0, 2};
    /** Lengths of the shots in seconds, dealt out in an order that the seed decides: 32 s together. */
    private static final double[] LENGTHS = {3, 4, 5, 4, 4, 3, 5, 4};

    /**
     * A stretch of film between two cuts.
     *
     * @param scene which scene it shows, counted from 0; shots with the same number show the same scene
     * @param start seconds at which it starts
     * @param end seconds at which the next shot starts
     */
    public record Shot(int scene, double start, double end) {
    }

    private final int width;
    private final int height;
    private final double fps;
    private final List<Shot> shots;
    private final List<Double> sceneStarts = new ArrayList<>();
    private final Map<Integer, Scene> scenes = new HashMap<>();

    private ProceduralFilm(long seed, int width, int height, double fps, double seconds) {
        this.width = width;
        this.height = height;
        this.fps = fps;
        SplittableRandom random = new SplittableRandom(seed);
        double[] lengths = LENGTHS.clone();
        for (int i = lengths.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            double swapped = lengths[i];
            lengths[i] = lengths[j];
            lengths[j] = swapped;
        }
        List<Shot> cut = new ArrayList<>();
        double[] shownBefore = new double[ORDER.length];
        double at = 0;
        for (int i = 0; at < seconds; i++) {
            int scene = ORDER[i % ORDER.length];
            double end = Math.min(seconds, at + lengths[i % lengths.length]);
            cut.add(new Shot(scene, at, end));
            sceneStarts.add(shownBefore[scene]);
            shownBefore[scene] += end - at;
            at = end;
            scenes.computeIfAbsent(scene, s -> new Scene(s, random.split(), width, height));
        }
        shots = List.copyOf(cut);
    }

    /** A film of 32 s in 8 shots of 4 scenes, 320x240 at 25 frames per second. */
    public static ProceduralFilm of(long seed) {
        return of(seed, 320, 240, 25);
    }

    /** The same shots in another size and at another frame rate. */
    public static ProceduralFilm of(long seed, int width, int height, double fps) {
        return of(seed, width, height, fps, 32);
    }

    /** The same cut off after {@code seconds}, or going on with the same order of scenes and lengths until then. */
    public static ProceduralFilm of(long seed, int width, int height, double fps, double seconds) {
        if (width < 16 || height < 16 || !(fps > 0) || !(seconds * fps >= 1) || Double.isInfinite(seconds)) {
            throw new IllegalArgumentException("a film of " + width + "x" + height + " at " + fps + " frames per second for "
                    + seconds + " s: sides must be 16 or more, the rate above 0, and there must be a frame");
        }
        return new ProceduralFilm(seed, width, height, fps, seconds);
    }

    /** Width of the pictures in pixels. */
    @Override
    public int width() {
        return width;
    }

    /** Height of the pictures in pixels. */
    @Override
    public int height() {
        return height;
    }

    /** Frames per second. */
    @Override
    public double frameRate() {
        return fps;
    }

    /** The shots in their order; each starts where the one before ends. */
    public List<Shot> shots() {
        return shots;
    }

    /** Length of the film in seconds. */
    public double duration() {
        return shots.get(shots.size() - 1).end();
    }

    /** Number of frames. */
    @Override
    public int frames() {
        return (int) Math.round(duration() * fps);
    }

    /** Draws frame {@code frame} as u8 RGB [height, width, 3] at {@code offset} of {@code rgb}. */
    @Override
    public void render(int frame, ByteBuffer rgb, int offset) {
        double time = frame / fps;
        int shot = shots.size() - 1;
        // half a frame of slack, so that a cut falls on the frame nearest to it whatever the rate
        while (shot > 0 && time + 0.5 / fps < shots.get(shot).start()) {
            shot--;
        }
        scenes.get(shots.get(shot).scene()).render(sceneStarts.get(shot) + time - shots.get(shot).start(), rgb, offset);
    }

    /**
     * Writes the whole film; the file's ending decides the encoding (see {@link VideoWriter#create}).
     *
     * @throws KinemaException where the thread is interrupted, of which it stays marked; nothing is left behind then
     */
    public void write(Path file) {
        write(file, Encoding.standard());
    }
}
