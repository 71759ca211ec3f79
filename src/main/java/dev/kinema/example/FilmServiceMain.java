package dev.kinema.example;

import dev.kinema.KinemaException;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.ServingConfig;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Starts a {@link FilmService} and leaves it running until the process is ended:
 * {@code --weights FILE [--txe FILE] [--port N] [--address HOST] [--most-bytes N] [--deadline SECONDS] [--threads N]}.
 */
public final class FilmServiceMain implements AutoCloseable {
    private static final String USAGE = "--weights FILE [--txe FILE] [--port N] [--address HOST] [--most-bytes N] [--deadline SECONDS] "
        + "[--threads N]";
    private static final Set<String> OPTIONS = Set.of("weights", "txe", "port", "address", "most-bytes", "deadline", "threads");

    private final MovieEncoder encoder;
    private final FilmService service;

    private FilmServiceMain(MovieEncoder encoder, FilmService service) {
        this.encoder = encoder;
        this.service = service;
    }

    public static void main(String[] arguments) {
        FilmServiceMain running = start(arguments);
        System.getLogger(FilmService.class.getName()).log(System.Logger.Level.INFO, "listening at {0}", running.service.address());
        Runtime.getRuntime().addShutdownHook(new Thread(running::close, "kinema-stop"));
    }

    /** @throws KinemaException if an option is wrong, the weights cannot be read, or the port is taken: then nothing is left running */
    static FilmServiceMain start(String... arguments) {
        Map<String, String> given = options(arguments);
        if (!given.containsKey("weights")) {
            throw new KinemaException("no weights were named: use " + USAGE);
        }
        ServiceOptions options = ServiceOptions.at((int) number(given, "port", 8080));
        options = options.withMostBytes(number(given, "most-bytes", options.mostBytes()))
            .withDeadline(Duration.ofSeconds(number(given, "deadline", options.deadline().toSeconds())));
        options = given.containsKey("address") ? options.withAddress(host(given.get("address"))) : options;
        MovieEncoderConfig config = MovieEncoderConfig.of(Path.of(given.get("weights")))
            .withDevice("cpu", (int) number(given, "threads", 0)).withPadShort(true)
            // who cannot be served soon had better ask another machine than wait here
            .withServing(ServingConfig.DEFAULT.withWaiting(16).withPatience(Duration.ofSeconds(30)));
        MovieEncoder encoder = MovieEncoder.open(given.containsKey("txe") ? config.withContextualizer(Path.of(given.get("txe"))) : config);
        boolean listening = false;
        try {
            FilmServiceMain running = new FilmServiceMain(encoder, FilmService.start(encoder, options));
            listening = true;
            return running;
        } finally {
            if (!listening) {
                encoder.close();
            }
        }
    }

    FilmService service() {
        return service;
    }

    /** Ends the requests that run, and listens no more. */
    @Override
    public void close() {
        service.close();
        encoder.close();
    }

    private static Map<String, String> options(String[] arguments) {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            String name = arguments[i].replaceFirst("^--", "");
            if (!OPTIONS.contains(name) || name.equals(arguments[i]) || i + 1 == arguments.length) {
                throw new KinemaException("'" + arguments[i] + "' is no option, or has no value: use " + USAGE);
            }
            if (options.put(name, arguments[i + 1]) != null) {
                throw new KinemaException("--" + name + " is given twice: use " + USAGE);
            }
        }
        return options;
    }

    private static long number(Map<String, String> options, String name, long otherwise) {
        String text = options.get(name);
        if (text != null && !text.matches("[0-9]{1,18}")) {
            throw new KinemaException("--" + name + " is '" + text + "': give a whole number of up to 18 digits");
        }
        return text == null ? otherwise : Long.parseLong(text);
    }

    private static InetAddress host(String name) {
        try {
            return InetAddress.getByName(name);
        } catch (UnknownHostException e) {
            throw new KinemaException("there is no address '" + name + "': name one of this machine's", e);
        }
    }
}
