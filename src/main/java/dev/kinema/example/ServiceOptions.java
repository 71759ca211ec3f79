package dev.kinema.example;

import dev.kinema.KinemaException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;

/**
 * How a {@link FilmService} listens.
 *
 * @param address to listen at; the loopback address unless you know who reaches another one: there is no authentication
 * @param port 0 for any that is free
 * @param mostBytes of a film
 * @param deadline of a request, from its first byte to its last; whoever does not end by then is cut off 2 seconds later, or up to 5 s
 *     more where a film's decoder hangs in a read
 * @param stall how long a client is waited for at a time, while it sends or reads, before it is cut off
 * @param connections films that are received, encoded or sent at the same time, each by a thread; one more is refused as busy. Health and
 *     metrics have threads of their own
 * @param uploads folder for films while they are encoded: up to {@code connections} times {@code mostBytes}
 */
public record ServiceOptions(InetAddress address, int port, long mostBytes, Duration deadline, Duration stall, int connections,
        Path uploads) {

    /** Checks the numbers. */
    public ServiceOptions {
        if (port < 0 || port > 65_535 || mostBytes < 1 || !positive(deadline) || !positive(stall) || connections < 1) {
            throw new KinemaException("port " + port + ", " + mostBytes + " bytes, " + deadline + ", " + stall + ", " + connections
                + " connections: the port must be from 0 to 65535, and the others above 0");
        }
    }

    private static boolean positive(Duration time) {
        return !time.isNegative() && !time.isZero();
    }

    /** The loopback address, films of up to 1 GiB, 10 minutes, 30 seconds without a byte, 64 films, Java's folder for temporary files. */
    public static ServiceOptions at(int port) {
        return new ServiceOptions(InetAddress.getLoopbackAddress(), port, 1L << 30, Duration.ofMinutes(10), Duration.ofSeconds(30), 64,
            Path.of(System.getProperty("java.io.tmpdir")));
    }

    public ServiceOptions withAddress(InetAddress other) {
        return new ServiceOptions(other, port, mostBytes, deadline, stall, connections, uploads);
    }

    public ServiceOptions withMostBytes(long bytes) {
        return new ServiceOptions(address, port, bytes, deadline, stall, connections, uploads);
    }

    public ServiceOptions withDeadline(Duration time) {
        return new ServiceOptions(address, port, mostBytes, time, stall, connections, uploads);
    }

    public ServiceOptions withStall(Duration time) {
        return new ServiceOptions(address, port, mostBytes, deadline, time, connections, uploads);
    }

    public ServiceOptions withConnections(int films) {
        return new ServiceOptions(address, port, mostBytes, deadline, stall, films, uploads);
    }

    public ServiceOptions withUploads(Path folder) {
        return new ServiceOptions(address, port, mostBytes, deadline, stall, connections, folder);
    }
}
