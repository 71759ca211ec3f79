package dev.kinema.example;

import dev.kinema.embed.EncoderLoad;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What a service has done, as text that Prometheus reads (exposition format 0.0.4). */
final class ServiceMetrics {
    private final Map<Outcome, LongAdder> requests = new EnumMap<>(Outcome.class);
    private final LongAdder clips = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private final LongAdder nanos = new LongAdder();

    ServiceMetrics() {
        for (Outcome outcome : Outcome.values()) {
            requests.put(outcome, new LongAdder());
        }
    }

    void ended(Outcome outcome, long tookNanos) {
        requests.get(outcome).increment();
        nanos.add(tookNanos);
    }

    void clip() {
        clips.increment();
    }

    void received(long count) {
        bytes.add(count);
    }

    String text(EncoderLoad load) {
        StringBuilder text = new StringBuilder();
        family(text, "kinema_requests_total", "counter", "Requests for encoding a film, by how they ended.");
        requests.forEach((outcome, count) -> text.append("kinema_requests_total{outcome=\"").append(outcome.label()).append("\"} ")
            .append(count.sum()).append('\n'));
        single(text, "kinema_clips_total", "counter", "Clips whose features were sent.", clips.sum());
        single(text, "kinema_received_bytes_total", "counter", "Bytes of films received.", bytes.sum());
        family(text, "kinema_request_seconds", "summary", "Time from a request's first byte to its last.");
        text.append(String.format(Locale.ROOT, "kinema_request_seconds_sum %.6f%n", nanos.sum() / 1e9).replace("\r", ""));
        text.append("kinema_request_seconds_count ").append(requests.values().stream().mapToLong(LongAdder::sum).sum()).append('\n');
        single(text, "kinema_calls_running", "gauge", "Films that are being encoded.", load.running());
        single(text, "kinema_calls_waiting", "gauge", "Films that wait for their turn.", load.waiting());
        return text.toString();
    }

    private static void single(StringBuilder text, String name, String type, String help, long value) {
        family(text, name, type, help);
        text.append(name).append(' ').append(value).append('\n');
    }

    private static void family(StringBuilder text, String name, String type, String help) {
        text.append("# HELP ").append(name).append(' ').append(help).append("\n# TYPE ").append(name).append(' ').append(type).append('\n');
    }
}
