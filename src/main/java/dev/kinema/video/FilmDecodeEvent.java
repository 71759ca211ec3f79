package dev.kinema.video;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A film from being opened to being closed, for Java Flight Recorder. One that is given ({@link GivenFilm}) is decoded by its iterator. */
@Name(FilmDecodeEvent.NAME)
@Label("Film Decode")
@Description("A film was read, as far as somebody wanted it; the duration includes waiting for whoever did")
@Category("Kinema")
@StackTrace(false)
public final class FilmDecodeEvent extends Event {
    public static final String NAME = "dev.kinema.FilmDecode";

    @Label("Film")
    String film;

    @Label("Codec")
    String codec;

    @Label("Format")
    String format;

    @Label("Width")
    int width;

    @Label("Height")
    int height;

    @Label("Frames")
    @Description("Frames decoded, those included that no one looked at")
    long frames;

    @Label("Read")
    @Description("Compressed video; of a film that is given its pictures")
    @DataAmount
    long bytes;

    @Label("Decoding")
    @Description("Time spent in reading and decoding, or in the iterator of a film that is given, without conversion to pictures")
    @Timespan(Timespan.NANOSECONDS)
    long decodeNanos;
}
