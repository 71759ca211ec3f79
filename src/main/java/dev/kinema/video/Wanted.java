package dev.kinema.video;

/** At which times of a film pictures are taken of it. */
@FunctionalInterface
public interface Wanted {
    /** Always: every frame may be asked for. */
    Wanted ALWAYS = (from, until) -> true;

    /** Whether a picture may be taken at a time from {@code from} on and before {@code until}, in seconds. */
    boolean within(double from, double until);
}
