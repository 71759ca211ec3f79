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
 * @param deadline of a request, from its first byte to its last
 * @param connections that are served at the same time, each by a thread
 * @param uploads folder for films while they are encoded
 */
public record ServiceOptions(InetAddress address, int port, long mostBytes, Duration deadline, int connections, Path uploads) {
    /** Checks the numbers. */
    public ServiceOptions {
        if (port < 0 || port > 65_535 || mostBytes < 1 || deadline.isNegative() || deadline.isZero() || connections < 1) {
            throw new KinemaException("port " + port + ", " + mostBytes + " bytes, " + deadline + ", " + connections
                + " connections: the port must be from 0 to 65535, and the others above 0");
        }
    }

    /** The loopback address, films of up to 1 GiB, 10 minutes, 64 connections. */
    public static ServiceOptions at(int port) {
        return new ServiceOptions(InetAddress.getLoopbackAddress(), port, 1L << 30, Duration.ofMinutes(10), 64,
            Path.of(System.getProperty("java.io.tmpdir")));
    }

    public ServiceOptions withAddress(InetAddress other) {
        return new ServiceOptions(other, port, mostBytes, deadline, connections, uploads);
    }

    public ServiceOptions withMostBytes(long bytes) {
        return new ServiceOptions(address, port, bytes, deadline, connections, uploads);
    }

    public ServiceOptions withDeadline(Duration time) {
        return new ServiceOptions(address, port, mostBytes, time, connections, uploads);
    }

    public ServiceOptions withUploads(Path folder) {
        return new ServiceOptions(address, port, mostBytes, deadline, connections, folder);
    }
}
