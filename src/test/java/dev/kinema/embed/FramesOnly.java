package dev.kinema.embed;

import dev.kinema.video.GivenFilm;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;

/** A program that encodes frames, to be started where there is no FFmpeg. Prints how many clips they made. */
final class FramesOnly {
    private FramesOnly() {
    }

    public static void main(String[] arguments) {
        GivenFilm film = GivenFilm.of(Path.of("given"), 80, 60, 10, Collections.nCopies(50, ByteBuffer.allocate(80 * 60 * 3)));
        MovieEncoderConfig config = MovieEncoderConfig.of(Path.of(arguments[0])).withDevice("cpu", 1);
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            System.out.println(encoder.encode(film).clips() + " clips");
            System.out.println(encoder.encode(new byte[16 * 32 * 32 * 3]).length + " numbers");
        }
    }
}
