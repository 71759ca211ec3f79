package dev.kinema.embed;

import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.SlowConfig;
import dev.kinema.video.ProceduralFilm;
import dev.kinema.video.VideoWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Networks and films so small that encoding one by the other takes a moment. */
public final class TinyNetwork {
    public static final int FEATURE = 128;
    public static final int EVENT = 32;
    public static final int WINDOW = 3;

    private TinyNetwork() {
    }

    /** Slow-D of 26 layers and width 4, for clips of 16 frames of 32 x 32. */
    public static SlowConfig config() {
        return SlowConfig.slowD(26).withWidth(4).withClip(new SlowConfig.Clip(16, 32, 4))
            .withHead(new SlowConfig.Head(SlowConfig.Pool.GLOBAL, 7, 0));
    }

    /** A contextualizer of its features: width 32, windows of 3. */
    public static ContextualizerConfig contextualizer() {
        return ContextualizerConfig.TXE.withSizes(FEATURE, EVENT, 2, 4, 64, WINDOW);
    }

    public static Path backbone(Path folder) {
        Path file = folder.resolve("tiny-slow-d.safetensors");
        BackboneWeights.random(config(), 5).write(file, 5, 0);
        return file;
    }

    public static Path contextualizer(Path folder) {
        Path file = folder.resolve("tiny-txe.safetensors");
        ContextualizerWeights.random(contextualizer(), 6).write(file, config().clip(), 6, 0);
        return file;
    }

    /** The beginning of a procedural film, 64 x 48 at 15 frames per second. */
    public static Path film(Path file, double seconds) {
        return film(file, seconds, 3);
    }

    /** The beginning of the procedural film of a seed. */
    static Path film(Path file, double seconds, long seed) {
        ProceduralFilm film = ProceduralFilm.of(seed, 64, 48, 15);
        ByteBuffer picture = ByteBuffer.allocateDirect(64 * 48 * 3);
        try (VideoWriter writer = VideoWriter.create(file, 64, 48, 15)) {
            for (int i = 0; i < Math.round(seconds * 15); i++) {
                film.render(i, picture, 0);
                writer.add(picture, 0);
            }
            writer.finish();
        }
        return file;
    }
}
