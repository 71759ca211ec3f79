package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.video.GivenFilm;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;

/** A program that encodes a film in a file and one of frames, to be started where there is no FFmpeg. Prints what became of them. */
final class FramesOnly {
    private FramesOnly() {
    }

    public static void main(String[] arguments) {
        GivenFilm film = GivenFilm.of(Path.of("given"), 80, 60, 10, Collections.nCopies(50, ByteBuffer.allocate(80 * 60 * 3)));
        MovieEncoderConfig config = MovieEncoderConfig.of(Path.of(arguments[0])).withDevice("cpu", 1);
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            for (int i = 1; i < arguments.length; i++) {
                System.out.println(refusal(encoder, Path.of(arguments[i])));
            }
            System.out.println(encoder.encode(film).clips() + " clips");
            System.out.println(encoder.encode(new byte[16 * 32 * 32 * 3]).length + " numbers");
        }
    }

    private static String refusal(MovieEncoder encoder, Path film) {
        try {
            return encoder.encode(film).clips() + " clips without FFmpeg";
        } catch (KinemaException e) {
            return e.getMessage();
        }
    }
}
