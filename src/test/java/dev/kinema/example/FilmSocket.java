package dev.kinema.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** A connection that has sent the head of a request for a film, for clients that go on as java.net.http's does not. */
final class FilmSocket extends Socket {
    /** One of a known length, read to its last byte. */
    record Answer(int status, String head, JsonObject body) {
    }

    /** @param bytes of the film */
    FilmSocket(FilmService service, long bytes) throws IOException {
        URI address = service.address();
        // so that what it does not read is soon all that there is room for
        setReceiveBufferSize(4096);
        setSoTimeout(20_000);
        connect(new InetSocketAddress(address.getHost(), address.getPort()));
        send("POST /films HTTP/1.1\r\nHost: here\r\nContent-Length: " + bytes + "\r\n\r\n");
    }

    void send(String text) throws IOException {
        getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** @throws java.net.SocketException if the connection is cut before the answer's end */
    Answer answer() throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int read = getInputStream().read();
            if (read < 0) {
                throw new EOFException("the connection ends in the head '" + head + "'");
            }
            head.append((char) read);
        }
        int length = Integer.parseInt(head.toString().replaceAll("(?is).*\r\ncontent-length: ([0-9]+)\r\n.*", "$1"));
        byte[] body = getInputStream().readNBytes(length);
        assertEquals(length, body.length, "the answer is whole");
        return new Answer(Integer.parseInt(head.substring(9, 12)), head.toString(),
            JsonParser.parseString(new String(body, StandardCharsets.UTF_8)).getAsJsonObject());
    }
}
