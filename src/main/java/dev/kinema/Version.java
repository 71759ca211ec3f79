package dev.kinema;

/** Which Kinema this is. */
public final class Version {
    /** The version that Maven builds, as in pom.xml. */
    public static final String CURRENT = "0.1.0-SNAPSHOT";

    private Version() {
    }
}
