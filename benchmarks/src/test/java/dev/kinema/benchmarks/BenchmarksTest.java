package dev.kinema.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.bench.Case;
import dev.kinema.bench.Suites;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs every benchmark once at its smallest size, so that none rots. The times mean nothing. */
class BenchmarksTest {
    private static Options once() {
        return new OptionsBuilder().include("dev\\.kinema\\.benchmarks\\.").forks(0).warmupIterations(0).measurementIterations(1)
            .mode(Mode.SingleShotTime).param("size", "SMALLEST").shouldDoGC(false).shouldFailOnError(true)
            .timeout(TimeValue.minutes(2)).verbosity(VerboseMode.SILENT).build();
    }

    /** A case that the suites gained, lost or renamed shows here: put its name into the {@code @Param} of its benchmark. */
    @Test
    void everyCaseOfEverySuiteIsABenchmark() throws RunnerException {
        Collection<RunResult> results = new Runner(once()).run();
        Set<String> timed = new TreeSet<>();
        for (RunResult result : results) {
            timed.add(caseName(result.getParams()));
            double score = result.getPrimaryResult().getScore();
            assertTrue(score > 0, () -> result.getParams().id());
        }
        Set<String> all = Suites.all().values().stream().flatMap(List::stream).map(Case::fullName).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(all, timed);
    }

    private static String caseName(BenchmarkParams params) {
        String name = params.getBenchmark().replaceFirst("^dev\\.kinema\\.benchmarks\\.(\\w+)\\..*", "$1");
        return switch (name) {
            case "ConvolutionBenchmark" -> "conv/" + params.getParam("direction") + "-" + params.getParam("layer");
            case "ConvolutionToInputBenchmark" -> "conv/to-input-" + params.getParam("layer");
            case "OperationBenchmark" -> "ops/" + params.getParam("operation");
            case "ProgramBenchmark" -> "programs/" + params.getParam("program");
            case "CallBenchmark" -> "call/" + params.getParam("chain");
            case "DecodeBenchmark" -> "decode/" + params.getParam("pictures");
            case "MetricBenchmark" -> "metrics/" + params.getParam("metric");
            default -> throw new AssertionError("a benchmark that this test does not know: " + name);
        };
    }
}
