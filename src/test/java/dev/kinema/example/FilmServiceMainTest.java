package dev.kinema.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.cpu.LiveMemory;
import dev.kinema.embed.TinyNetwork;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** How the service is started: its options, what is wrong with them, and the process from its first line to its end. */
@Timeout(60)
class FilmServiceMainTest {
    @TempDir
    static Path folder;
    private static Path backbone;
    private static Path contextualizer;
    private static Path film;

    @BeforeAll
    static void make() {
        backbone = TinyNetwork.backbone(folder);
        contextualizer = TinyNetwork.contextualizer(folder);
        film = TinyNetwork.film(folder.resolve("film.mp4"), 5);
    }

    private static HttpResponse<String> post(URI address) throws IOException, InterruptedException {
        return HttpClient.newHttpClient().send(HttpRequest.newBuilder(address.resolve("/films")).POST(BodyPublishers.ofFile(film)).build(),
            BodyHandlers.ofString());
    }

    private static void refused(String expected, String... arguments) {
        String message = assertThrows(KinemaException.class, () -> FilmServiceMain.start(arguments)).getMessage();
        assertTrue(message.contains(expected), message);
    }

    @Test
    void optionsReachTheService() throws Exception {
        long before = LiveMemory.bytes();
        try (FilmServiceMain running = FilmServiceMain.start("--weights", backbone.toString(), "--txe", contextualizer.toString(), "--port",
                "0", "--threads", "1", "--most-bytes", Long.toString(Files.size(film)), "--deadline", "30", "--address", "localhost")) {
            String lines = post(running.service().address()).body();
            assertTrue(lines.contains("\"clip\":0") && lines.contains("\"event\":0") && lines.contains("\"done\":true"), lines);
        }
        assertEquals(before, LiveMemory.bytes(), "closed, it holds nothing");
        try (FilmServiceMain running = FilmServiceMain.start("--weights", backbone.toString(), "--port", "0", "--most-bytes",
                Long.toString(ServiceOptions.at(0).mostBytes()))) {
            assertEquals(200, post(running.service().address()).statusCode(), "what is the default may be said, too");
        }
        try (FilmServiceMain running = FilmServiceMain.start("--weights", backbone.toString(), "--port", "0", "--most-bytes",
                Long.toString(Files.size(film) - 1))) {
            assertEquals(413, post(running.service().address()).statusCode());
        }
    }

    @Test
    void wrongOptionsAreNamed() {
        String weights = backbone.toString();
        refused("no weights were named: use --weights FILE");
        refused("'--wieghts' is no option", "--wieghts", weights);
        refused("'weights' is no option", "weights", weights);
        refused("'--weights FILE' is no option", "--weights FILE", weights);
        refused("'--port' is no option, or has no value", "--weights", weights, "--port");
        refused("--port is given twice", "--port", "1", "--port", "2");
        refused("--port is 'http'", "--weights", weights, "--port", "http");
        refused("port 70000", "--weights", weights, "--port", "70000");
        refused("--deadline is '-1'", "--weights", weights, "--deadline", "-1");
        refused("0 bytes", "--weights", weights, "--most-bytes", "0");
        refused("there is no address 'no such host'", "--weights", weights, "--address", "no such host");
    }

    @Test
    void weightsThatAreNoneAreNamed() throws IOException {
        refused("none.safetensors", "--weights", folder.resolve("none.safetensors").toString(), "--port", "0");
        Path text = Files.writeString(folder.resolve("text.safetensors"), "these are no weights");
        refused("text.safetensors", "--weights", text.toString(), "--port", "0");
        refused("tiny-txe.safetensors", "--weights", contextualizer.toString(), "--port", "0");
    }

    @Test
    void aPortInUseLeavesNothingOpen() throws IOException {
        long before = LiveMemory.bytes();
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(taken.getLocalPort());
            refused("port " + port, "--weights", backbone.toString(), "--port", port);
        }
        assertEquals(before, LiveMemory.bytes(), "the encoder is closed");
    }

    /** As a process, which is asked to end while it serves: by a signal, which Windows does not have. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aProcessListensAndEndsWhenItIsAsked() throws Exception {
        Process process = start("--weights", backbone.toString(), "--port", "0");
        try (BufferedReader log = new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
            StringBuilder said = new StringBuilder();
            Matcher listening = Pattern.compile("listening at (http://127\\.0\\.0\\.1:[0-9]+)").matcher(said);
            String line = log.readLine();
            while (line != null && !listening.reset(said.append(line).append('\n')).find()) {
                line = log.readLine();
            }
            assertTrue(line != null, () -> "the process ended: " + said);
            assertEquals(200, post(URI.create(listening.group(1))).statusCode());
            // Process.destroy would close the stream that is read here
            process.toHandle().destroy();
            assertTrue(process.waitFor(20, TimeUnit.SECONDS), "it is asked to end, and does");
            assertEquals(128 + 15, process.exitValue(), "the status of its signal");
            assertEquals(List.of(), log.lines().toList(), "nothing goes wrong as it is closed");
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void aProcessThatCannotStartSaysWhyAndEnds() throws Exception {
        Process process = start("--weights", folder.resolve("none.safetensors").toString());
        String said = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(20, TimeUnit.SECONDS));
        assertEquals(1, process.exitValue());
        assertTrue(said.contains("none.safetensors"), said);
    }

    private static Process start(String... arguments) throws IOException {
        List<String> java = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(argument -> argument.startsWith("--") || argument.startsWith("-Dorg.bytedeco.")).forEach(java::add);
        java.add("-Dorg.bytedeco.javacpp.cachedir=" + System.getProperty("org.bytedeco.javacpp.cachedir"));
        java.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            FilmServiceMain.class.getName()));
        java.addAll(List.of(arguments));
        return new ProcessBuilder(java).start();
    }
}
