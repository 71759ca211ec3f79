package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import java.nio.charset.StandardCharsets;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;

/** The names under which a profiler (NVTX) sees the steps of a program, made once. */
final class Ranges implements AutoCloseable {
    private final Map<Step, BytePointer> names = new IdentityHashMap<>();

    Ranges(List<Step> steps) {
        steps.forEach(s -> names.put(s, new BytePointer(s.toString(), StandardCharsets.UTF_8)));
    }

    void begin(Step step) {
        Kinema.kn_range_push(names.get(step));
    }

    void end() {
        Kinema.kn_range_pop();
    }

    @Override
    public void close() {
        names.values().forEach(BytePointer::close);
        names.clear();
    }
}
