package dev.kinema.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All cases there are, by suite. */
public final class Suites {
    private Suites() {}

    /** In the order they are run; a suite is made of cases that have its name. */
    public static Map<String, List<Case>> all() {
        List<Case> cases = new ArrayList<>(NetworkCases.all());
        cases.addAll(ConvolutionCases.all());
        cases.addAll(OperationCases.all());
        cases.addAll(CallCases.all());
        cases.addAll(DecodeCase.all());
        cases.addAll(MetricCase.all());
        Map<String, List<Case>> suites = new LinkedHashMap<>();
        cases.forEach(c -> suites.computeIfAbsent(c.suite(), name -> new ArrayList<>()).add(c));
        return suites;
    }

    /** The case with a {@linkplain Case#fullName() full name}. */
    public static Case named(String fullName) {
        return all().values().stream().flatMap(List::stream).filter(c -> c.fullName().equals(fullName)).findFirst()
            .orElseThrow(() -> new IllegalArgumentException("there is no benchmark " + fullName));
    }
}
